package proof

import (
	"context"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
)

// otherCase asks for a user whose login, or address, is found as it is written by one of other capitals, where
// they are compared without them: some databases compare so by themselves, and others have to be told.
func (r *run) otherCase(ctx context.Context, u legacy.Scanned, q mapping.Query, missed Code) error {
	sameAs := r.DB.LoginKey
	if q.By == mapping.ByEmail {
		sameAs = r.DB.EmailKey
	}
	other := strings.Map(swapCase, q.Value)
	if other == q.Value || sameAs(other) != sameAs(q.Value) {
		return nil
	}
	found, err := r.DB.Find(ctx, u.Tenant, mapping.Query{By: q.By, Value: other})
	if err != nil && !legacy.AboutRows(err) {
		return err
	}
	if !slices.ContainsFunc(found, func(f mapping.User) bool { return f.ID == u.ID }) {
		r.tally.add(missed, place(u.Tenant, u.ID))
	}
	return nil
}

func swapCase(c rune) rune {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return lowerCase(c)
}

// lowerCase is what lower in a template of a mapping rule does.
func lowerCase(c rune) rune {
	if 'A' <= c && c <= 'Z' {
		return c - 'A' + 'a'
	}
	return c
}

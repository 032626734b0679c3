package proof

import (
	"context"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
)

// otherCase asks for a user whose login is found as it is written by one of other capitals, where logins are
// compared without them: some databases compare so by themselves, and others have to be told.
func (r *run) otherCase(ctx context.Context, u legacy.Scanned) error {
	other := strings.Map(swapCase, u.Username)
	if other == u.Username || r.DB.LoginKey(other) != r.DB.LoginKey(u.Username) {
		return nil
	}
	found, err := r.DB.Find(ctx, u.Tenant, mapping.Query{By: mapping.ByLogin, Value: other})
	if err != nil && !legacy.AboutRows(err) {
		return err
	}
	if !slices.ContainsFunc(found, func(f mapping.User) bool { return f.ID == u.ID }) {
		r.tally.add(LoginCase, place(u.Tenant, u.ID))
	}
	return nil
}

func swapCase(c rune) rune {
	switch {
	case 'a' <= c && c <= 'z':
		return c - 'a' + 'A'
	case 'A' <= c && c <= 'Z':
		return c - 'A' + 'a'
	}
	return c
}

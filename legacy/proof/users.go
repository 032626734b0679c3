package proof

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// users reads everybody once.
func (r *run) users(ctx context.Context) error {
	total, err := r.DB.CountUsers(ctx)
	if err != nil {
		total = 0 // a large table may take too long to count; the bar goes without
	}
	err = r.DB.ScanUsers(ctx, func(u legacy.Scanned) error {
		r.report.Users++
		r.told("users", r.report.Users, total)
		r.user(u)
		return nil
	})
	if err != nil {
		return err
	}
	r.Progress("users", r.report.Users, r.report.Users)
	if r.readable == 0 {
		r.tally.add(Nobody, string(legacy.ScanUsers))
	}
	for tenant := range r.Tenants {
		if r.report.Tenants[string(tenant)] == 0 && len(r.report.Tenants) < maxKinds {
			r.tally.add(TenantEmpty, redact(string(tenant)))
		}
	}
	return nil
}

func (r *run) user(u legacy.Scanned) {
	count(r.report.Tenants, string(u.Tenant))
	if u.Err != nil || u.Tenant == "" {
		r.tally.add(UserUnreadable, place(u.Tenant, u.ID)+" in "+cmp.Or(legacy.UnreadableColumn(u.Err), "tenant_id"))
		return
	}
	r.readable++
	if _, known := r.Tenants[u.Tenant]; r.Tenants != nil && !known {
		r.tally.add(TenantUnknown, place(u.Tenant, u.ID))
	}
	r.keep(u)
	r.seen.add(key{kind: IDAmbiguous, tenant: string(u.Tenant), value: string(u.ID)})
	r.login(u)
	if u.Email != "" && r.DB.Has(legacy.UserByEmail) {
		r.seen.add(key{kind: EmailAmbiguous, tenant: string(u.Tenant), value: r.DB.EmailKey(u.Email)})
		if lower := strings.Map(lowerCase, u.Email); r.DB.EmailKey(u.Email) != r.DB.EmailKey(lower) {
			r.tally.add(EmailCapitals, place(u.Tenant, u.ID))
		}
	}
	r.password(u)
}

// keep holds on to a few users, each as likely as any other (reservoir sampling).
func (r *run) keep(u legacy.Scanned) {
	if len(r.sample) < probes {
		r.sample = append(r.sample, u)
		return
	}
	if i := r.random.IntN(r.readable); i < probes {
		r.sample[i] = u
	}
}

func (r *run) login(u legacy.Scanned) {
	switch {
	case len(u.Username) > 1024 || !utf8.ValidString(u.Username) || strings.ContainsRune(u.Username, 0):
		r.tally.add(LoginUnusable, place(u.Tenant, u.ID))
		return
	case strings.TrimSpace(u.Username) != u.Username || !norm.NFC.IsNormalString(u.Username):
		r.tally.add(LoginUntidy, place(u.Tenant, u.ID))
	}
	r.seen.add(key{kind: LoginAmbiguous, tenant: string(u.Tenant), value: r.DB.LoginKey(u.Username)})
}

func (r *run) password(u legacy.Scanned) {
	scheme, err := r.DB.Scheme(u)
	count(r.report.Schemes, scheme)
	switch {
	case err == nil && scheme == legacy.SchemePlain:
		r.tally.add(PlainAllowed, place(u.Tenant, u.ID))
	case err == nil:
	case errors.Is(err, legacy.ErrNoHash):
		if u.Active && !u.FederatedOnly {
			r.tally.add(HashMissing, place(u.Tenant, u.ID))
		}
	case errors.Is(err, passhash.ErrTooCostly):
		r.tally.add(HashTooCostly, place(u.Tenant, u.ID))
	case errors.Is(err, passhash.ErrPlaintext):
		r.tally.add(HashPlaintext, place(u.Tenant, u.ID))
	default:
		r.tally.add(HashUnknown, place(u.Tenant, u.ID))
		count(r.report.UnknownShapes, shape(u.Password))
	}
}

var (
	label = regexp.MustCompile(`^(\{[A-Za-z0-9_-]{1,16}\}|\$[A-Za-z0-9_-]{1,16}\$)`)
	hexed = regexp.MustCompile(`^[0-9A-Fa-f]+$`)
	based = regexp.MustCompile(`^[A-Za-z0-9+/]+={0,2}$`)
)

// shape says what a stored password looks like without showing any of it but the label of its scheme.
func shape(s passhash.Stored) string {
	text, rest := "", s.Hash
	if l := label.FindString(rest); l != "" {
		text, rest = l+" and ", rest[len(l):]
	}
	switch {
	case hexed.MatchString(rest):
		text += fmt.Sprintf("%d hexadecimal digits", len(rest))
	case based.MatchString(rest):
		text += fmt.Sprintf("%d characters as of base64", len(rest))
	default:
		text += fmt.Sprintf("%d other characters", utf8.RuneCountInString(rest))
	}
	if s.Salt != "" {
		text += fmt.Sprintf(", with a salt of %d", utf8.RuneCountInString(s.Salt))
	}
	if s.Scheme != "" {
		text += ", of scheme " + redact(s.Scheme)
	}
	return text
}

// probe reads the sampled users as a login and a token would.
func (r *run) probe(ctx context.Context) error {
	for i, u := range r.sample {
		r.report.Probed++
		r.told("probes", i+1, len(r.sample))
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, way := range []struct {
			misses, ambiguous Code
			needs             legacy.Statement
			query             mapping.Query
		}{
			{IDMisses, IDAmbiguous, legacy.UserByID, mapping.Query{By: mapping.ByID, Value: string(u.ID)}},
			{LoginMisses, LoginAmbiguous, legacy.UserByLogin, mapping.Query{By: mapping.ByLogin, Value: u.Username}},
			{EmailMisses, EmailAmbiguous, legacy.UserByEmail, mapping.Query{By: mapping.ByEmail, Value: u.Email}},
		} {
			if way.query.Value == "" || !r.DB.Has(way.needs) {
				continue
			}
			found, err := r.DB.Find(ctx, u.Tenant, way.query)
			if err != nil && !legacy.AboutRows(err) {
				return err
			}
			known := key{kind: way.ambiguous, tenant: string(u.Tenant), value: way.query.Value}
			other := LoginCase
			switch way.query.By {
			case mapping.ByLogin:
				known.value = r.DB.LoginKey(known.value)
			case mapping.ByEmail:
				known.value, other = r.DB.EmailKey(known.value), EmailCase
			case mapping.ByID, mapping.ByExternalID, mapping.ByStatement:
			}
			switch _, counted := r.seen.repeated[known]; {
			case err != nil || !slices.ContainsFunc(found, func(f mapping.User) bool { return f.ID == u.ID }):
				r.tally.add(way.misses, place(u.Tenant, u.ID))
			case len(found) > 1 && !counted: // the statement itself makes several of one
				r.tally.add(way.ambiguous, place(u.Tenant, u.ID))
			case way.query.By != mapping.ByID:
				if err := r.otherCase(ctx, u, way.query, other); err != nil {
					return err
				}
			}
		}
		if _, err := r.DB.Details(ctx, u.Tenant, u.ID, mapping.Roles|mapping.Groups|mapping.Softphones|mapping.Configuration); err != nil {
			if !legacy.AboutRows(err) {
				return err
			}
			r.tally.add(DetailsFail, place(u.Tenant, u.ID))
		}
	}
	return nil
}

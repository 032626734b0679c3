package legacy_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// TestSQLInEveryParameter: what comes from outside is a value wherever it is bound. Read, it finds nobody;
// written, it is found again as it was, and nothing else has changed.
func TestSQLInEveryParameter(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db, ctx := legacytest.IQOn(t, engine), t.Context()
		find := func(q mapping.Query) []mapping.User {
			t.Helper()
			found, err := db.Find(ctx, iq.Acme, q)
			if err != nil {
				t.Errorf("%+v: %v", q, err)
			}
			return found
		}
		const id = mapping.UserID("4712")
		ana := mapping.Query{By: mapping.ByID, Value: "4711"}
		key := mapping.LinkKey{Connection: "own", ExternalID: "ana"}
		if err := db.Link(ctx, iq.Acme, key, "4711"); err != nil || len(find(ana)) != 1 ||
			len(find(mapping.Query{By: mapping.ByExternalID, Value: "ana", Connection: "own"})) != 1 {
			t.Fatal("positive control: ", err)
		}
		before, err := db.CountUsers(ctx)
		if err != nil {
			t.Fatal(err)
		}
		made := 0
		for _, text := range []string{
			`' OR '1'='1`, `\' OR 1=1 -- `, `"; DROP TABLE users; --`, `'; DELETE FROM users; --`, `4711 OR 1=1`, `4711' -- `,
			`%`, `_`, `?`, `:tenant`, `${tenant}`, `{{ .sub }}`, `ana' UNION SELECT * FROM users -- `,
		} {
			for _, q := range []mapping.Query{
				{By: mapping.ByID, Value: text},
				{By: mapping.ByEmail, Value: text},
				{By: mapping.ByExternalID, Value: text, Connection: "own"},
				{By: mapping.ByExternalID, Value: "ana", Connection: text},
			} {
				if found := find(q); len(found) > 0 {
					t.Errorf("%+v finds %d users", q, len(found))
				}
			}
			key := mapping.LinkKey{Connection: text, ExternalID: text}
			if err := db.Link(ctx, iq.Acme, key, id); err != nil {
				t.Errorf("linking %q: %v", text, err)
			}
			if found := find(mapping.Query{By: mapping.ByExternalID, Value: text, Connection: text}); len(found) != 1 || found[0].ID != id {
				t.Errorf("the link of %q leads to %+v", text, found)
			}
			user := mapping.NewUser{Login: text, Email: text, GivenName: text, FamilyName: text}
			if _, err := db.Create(ctx, iq.Acme, user, mapping.LinkKey{Connection: "made", ExternalID: text}, unseen); err != nil {
				t.Errorf("making %q: %v", text, err)
				continue
			}
			made++
			if found := find(mapping.Query{By: mapping.ByLogin, Value: text}); len(found) != 1 || found[0].Username != text || found[0].GivenName != text {
				t.Errorf("making %q has made %+v", text, found)
			}
		}
		if after, err := db.CountUsers(ctx); err != nil || after != before+made {
			t.Errorf("%d users are %d after making %d: %v", before, after, made, err)
		}
	})
}

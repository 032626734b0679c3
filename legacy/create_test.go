package legacy_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func corp(external string) mapping.LinkKey {
	return mapping.LinkKey{Connection: "corp", ExternalID: external}
}

// unseen looks away when a new row is shown.
func unseen(mapping.User) error { return nil }

func TestCreate(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		u := mapping.NewUser{Login: "Nora", Email: "nora@acme.example", GivenName: "Nora", FamilyName: "O'Hara", Locale: "nb", UserGroup: "no such group"}
		made, err := db.Create(t.Context(), iq.Acme, u, corp("x|nora"), unseen)
		if err != nil {
			t.Fatalf("positive control: %v", err)
		}
		for _, q := range []mapping.Query{
			{By: mapping.ByLogin, Value: "nora"},
			{By: mapping.ByID, Value: string(made.ID)},
			{By: mapping.ByEmail, Value: u.Email},
			{By: mapping.ByExternalID, Connection: "corp", Value: "x|nora"},
		} {
			found, err := db.Find(t.Context(), iq.Acme, q)
			if err != nil || len(found) != 1 || found[0].ID != made.ID || found[0].FamilyName != "O'Hara" || !found[0].Active || !found[0].FederatedOnly {
				t.Errorf("%s finds %+v, %v", q, found, err)
			}
		}
		for _, test := range []struct {
			name   string
			tenant mapping.TenantKey
			login  string
			key    mapping.LinkKey
			want   error
		}{
			{"the same login", iq.Acme, "Nora", corp("x|2"), mapping.ErrLoginTaken},
			{"the same login in another case", iq.Acme, "NORA", corp("x|2"), mapping.ErrLoginTaken},
			{"somebody else's external id", iq.Acme, "two", corp("x|nora"), mapping.ErrLinkExists},
			{"a tenant that does not exist", "1", "three", corp("x|3"), mapping.ErrLoginTaken},
		} {
			if _, err := db.Create(t.Context(), test.tenant, mapping.NewUser{Login: test.login}, test.key, unseen); !errors.Is(err, test.want) {
				t.Errorf("%s: %v, want %v", test.name, err, test.want)
			}
			if found, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "two"}); err != nil || len(found) > 0 {
				t.Errorf("%s left %+v behind, %v", test.name, found, err)
			}
		}
		for _, login := range []string{"", strings.Repeat("x", 2000), "a\x00b", strings.Repeat("y", 100)} {
			_, err := db.Create(t.Context(), iq.Acme, mapping.NewUser{Login: login}, corp("x|4"), unseen)
			if fits := engine == legacy.SQLite && len(login) == 100; (err == nil) != fits { // SQLite's columns have no length
				t.Errorf("a login of %d bytes: %v", len(login), err)
			}
		}
		if _, err := db.Create(t.Context(), iq.Globex, mapping.NewUser{Login: "Nora"}, corp("x|nora"), unseen); err != nil {
			t.Errorf("the same login in another tenant: %v", err)
		}
	})
}

func TestCreateHasOneWinner(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = db.Create(t.Context(), iq.Acme, mapping.NewUser{Login: "nora"}, corp("x|"+string(rune('a'+i))), unseen)
			})
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			}
		}
		found, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "nora"})
		if won != 1 || err != nil || len(found) != 1 {
			t.Errorf("%d of 8 made %d users, %v: %v", won, len(found), err, errors.Join(errs...))
		}
	})
}

// TestCreateIsUndone by whoever is shown the row and cannot remember it; and so is a row that no login finds.
func TestCreateIsUndone(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		c := legacytest.IQConfig(t, engine)
		db := legacytest.Open(t, c)
		nora := mapping.NewUser{Login: "nora", Email: "nora@acme.example"}
		full := errors.New("disk full")
		var shown mapping.User
		if _, err := db.Create(t.Context(), iq.Acme, nora, corp("x|nora"), func(u mapping.User) error { shown = u; return full }); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
		if shown.Username != "nora" || shown.ID == "" || shown.Email != nora.Email {
			t.Errorf("shown is %+v", shown)
		}
		c.Profile.Statements[legacy.UserByID] += " AND u.CreatedDate IS NULL"
		if _, err := legacytest.Open(t, c).Create(t.Context(), iq.Acme, nora, corp("x|nora"), unseen); err == nil || !strings.Contains(err.Error(), "user_by_id finds 0 users by the new id") {
			t.Errorf("a row that user_by_id does not find: %v", err)
		}
		for _, q := range []mapping.Query{{By: mapping.ByLogin, Value: "nora"}, {By: mapping.ByExternalID, Connection: "corp", Value: "x|nora"}} {
			if found, err := db.Find(t.Context(), iq.Acme, q); err != nil || len(found) > 0 {
				t.Errorf("%s finds %+v, %v", q, found, err)
			}
		}
		made, err := db.Create(t.Context(), iq.Acme, nora, corp("x|nora"), unseen)
		if err != nil || made.Username != "nora" {
			t.Errorf("the control: %+v, %v", made, err)
		}
	})
}

func TestRelink(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		for external, user := range map[string]mapping.UserID{"old": "4711", "other": "4713"} {
			if err := db.Link(t.Context(), iq.Acme, corp(external), user); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			name string
			to   string
			user mapping.UserID
			r    mapping.Replacement
			want error
		}{
			{"another previous one", "new", "4711", mapping.Replacement{Previous: "older"}, mapping.ErrLinkExists},
			{"another case", "new", "4711", mapping.Replacement{Previous: "OLD"}, mapping.ErrLinkExists},
			{"somebody else's key", "other", "4711", mapping.Replacement{Previous: "old"}, mapping.ErrLinkExists},
			{"somebody else's key, whatever there was", "other", "4711", mapping.Replacement{}, mapping.ErrLinkExists},
			{"with proof (the control)", "new", "4711", mapping.Replacement{Previous: "old"}, nil},
			{"the same again", "new", "4711", mapping.Replacement{Previous: "old"}, nil},
			{"whatever there was", "newer", "4711", mapping.Replacement{}, nil},
		} {
			if err := db.Relink(t.Context(), iq.Acme, corp(step.to), step.user, step.r); !errors.Is(err, step.want) {
				t.Fatalf("%s: %v, want %v", step.name, err, step.want)
			}
		}
		for external, user := range map[string]string{"old": "", "new": "", "newer": "4711", "other": "4713"} {
			found, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: external})
			if err != nil || (len(found) == 1) != (user != "") || len(found) == 1 && string(found[0].ID) != user {
				t.Errorf("%s is %+v, %v; want %s", external, found, err, user)
			}
		}
	})
}

// TestStatementsOfTheProfilesOwn finds users by what only this database knows.
func TestStatementsOfTheProfilesOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		c := legacytest.IQConfig(t, engine)
		own := `SELECT u.UserID AS user_id, u.CustomerID AS tenant_id, u.UserName AS username, 1 AS active, u.LastName AS value
			FROM users u WHERE u.CustomerID = :tenant AND LOWER(u.LastName) = LOWER(:value)`
		c.Profile.Statements["user_by_family_name"] = own
		db := legacytest.Open(t, c)
		ana, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByID, Value: "4711"})
		if err != nil || len(ana) != 1 || ana[0].FamilyName == "" {
			t.Fatalf("4711 is %+v, %v", ana, err)
		}
		find := func(value string) int {
			found, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByStatement, Statement: "user_by_family_name", Value: value})
			if err != nil {
				t.Fatal(err)
			}
			return len(found)
		}
		if find(ana[0].FamilyName) == 0 {
			t.Fatalf("positive control: %s finds nobody", ana[0].FamilyName)
		}
		for _, value := range []string{strings.ToUpper(ana[0].FamilyName), ana[0].FamilyName + " ", "' OR 1 = 1 -- ", "", "%"} {
			if n := find(value); n != 0 {
				t.Errorf("%q finds %d users", value, n)
			}
		}
		needs := mapping.Needs{Email: true, Create: true, Relink: true, Statements: []string{"user_by_family_name", "user_by_shoe_size"}}
		if lacking := db.Lacks(needs); len(lacking) != 1 || lacking[0] != "user_by_shoe_size" {
			t.Errorf("the profile lacks %q", lacking)
		}
		if _, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByStatement, Statement: "user_by_shoe_size", Value: "42"}); err == nil {
			t.Error("a statement that the profile lacks finds somebody")
		}
		for want, text := range map[string]string{
			"column value is missing": strings.Replace(own, "u.LastName AS value", "u.LastName AS family_name", 1),
			"it does not use :value":  "SELECT 1 AS user_id, 'x' AS username, 1 AS active, 'x' AS value FROM users WHERE CustomerID = :tenant",
			"there is no parameter":   own + " AND :login IS NULL",
		} {
			c.Profile.Statements["user_by_family_name"] = text
			if _, err := legacy.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want … %s", err, want)
			}
		}
	})
}

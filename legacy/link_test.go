package legacy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func TestLink(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		if !db.KeepsLinks() {
			t.Fatal("IQ keeps links")
		}
		for _, step := range []struct {
			name   string
			tenant mapping.TenantKey
			key    mapping.LinkKey
			user   mapping.UserID
			want   error
		}{
			{"first (the control)", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "auth0|7"}, "4711", nil},
			{"the same again", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "auth0|7"}, "4711", nil},
			{"the external id for another user", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "auth0|7"}, "4713", mapping.ErrLinkExists},
			{"another external id for the user", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "auth0|8"}, "4711", mapping.ErrLinkExists},
			{"another connection", iq.Acme, mapping.LinkKey{Connection: "adfs", ExternalID: "auth0|7"}, "4711", nil},
			{"the same external id in another tenant", iq.Globex, mapping.LinkKey{Connection: "corp", ExternalID: "auth0|7"}, "5711", nil},
			{"another case is another external id", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "AUTH0|7"}, "4713", nil},
			{"user of another tenant", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "auth0|9"}, "5712", mapping.ErrNoUser},
			{"nobody", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "auth0|9"}, "99999", mapping.ErrNoUser},
			{"pre-linked user", iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "other"}, "4712", mapping.ErrLinkExists},
		} {
			if err := db.Link(t.Context(), step.tenant, step.key, step.user); !errors.Is(err, step.want) {
				t.Fatalf("%s: %v, want %v", step.name, err, step.want)
			}
		}
		users, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: "auth0|7"})
		if err != nil || len(users) != 1 || users[0].ID != "4711" {
			t.Errorf("auth0|7 is %v, %v", users, err)
		}
		connections, err := db.LinkedConnections(t.Context(), iq.Acme, "4711")
		slices.Sort(connections)
		if err != nil || !slices.Equal(connections, []string{"adfs", "corp"}) {
			t.Errorf("4711 is linked on %v, %v", connections, err)
		}
		if connections, err := db.LinkedConnections(t.Context(), iq.Globex, "4711"); err != nil || len(connections) > 0 {
			t.Errorf("another tenant's 4711 is linked on %v, %v", connections, err)
		}
		for name, key := range map[string]mapping.LinkKey{
			"external id": {Connection: "corp"}, "connection": {ExternalID: "x"},
			"the external id is": {Connection: "corp", ExternalID: strings.Repeat("x", 2000)},
		} {
			if err := db.Link(t.Context(), iq.Acme, key, "4714"); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("want %q, got %v", name, err)
			}
		}
	})
}

// TestLinkHasOneWinner lets sixteen users claim one external id, and one user sixteen.
func TestLinkHasOneWinner(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		const n = 16
		race := func(link func(i int) error) (won int) {
			var wait sync.WaitGroup
			results := make([]error, n)
			for i := range n {
				wait.Go(func() { results[i] = link(i) })
			}
			wait.Wait()
			for i, err := range results {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, mapping.ErrLinkExists):
					t.Errorf("%d: %v", i, err)
				}
			}
			return won
		}
		if won := race(func(i int) error {
			return db.Link(t.Context(), iq.Acme, mapping.LinkKey{Connection: "race", ExternalID: "one"}, mapping.UserID(fmt.Sprint(4750+i)))
		}); won != 1 {
			t.Errorf("%d users won one external id", won)
		}
		if won := race(func(i int) error {
			return db.Link(t.Context(), iq.Acme, mapping.LinkKey{Connection: "race", ExternalID: fmt.Sprint("many", i)}, "4800")
		}); won != 1 {
			t.Errorf("one user won %d external ids", won)
		}
		if won := race(func(int) error {
			return db.Link(t.Context(), iq.Acme, mapping.LinkKey{Connection: "race", ExternalID: "same"}, "4801")
		}); won != n {
			t.Errorf("%d of %d equal links succeeded; all should", won, n)
		}
	})
}

func TestWithoutLinkStatementsTheBrokerKeepsLinks(t *testing.T) {
	c := legacytest.IQConfig(t, legacy.SQLite)
	for _, name := range []legacy.Statement{legacy.LinkExternalID, legacy.ExternalIDsOfUser, legacy.UserByExternalID, legacy.ScanExternalIDs, legacy.UnlinkExternalID} {
		delete(c.Profile.Statements, name)
	}
	db := legacytest.Open(t, c)
	if db.KeepsLinks() {
		t.Error("it keeps links without statements")
	}
	if err := db.Link(t.Context(), iq.Acme, mapping.LinkKey{Connection: "corp", ExternalID: "x"}, "4711"); err == nil {
		t.Error("it linked")
	}
	if _, err := db.LinkedConnections(t.Context(), iq.Acme, "4711"); err == nil {
		t.Error("links that cannot be looked up are no answer")
	}
	if _, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: "x"}); err == nil {
		t.Error("a search that cannot be made is no answer")
	}
}

// A login that nobody has is looked up like others, so that the trouble of the database is told alike.
func TestLinksOfNobodyAreAskedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		c, asked := legacytest.IQConfig(t, engine), 0
		c.OnStatement = func(s legacy.Statement) {
			if s == legacy.ExternalIDsOfUser {
				asked++
			}
		}
		db := legacytest.Open(t, c)
		asked = 0
		for i, id := range []mapping.UserID{"4711", ""} {
			if found, err := db.LinkedConnections(t.Context(), iq.Acme, id); err != nil || id == "" && len(found) > 0 || asked != i+1 {
				t.Errorf("user %q: linked on %v, %v, asked %d times", id, found, err, asked)
			}
		}
	})
}

package legacy_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
)

// TestIQSearch finds the same people on both engines, by the beginning of the login in any case.
func TestIQSearch(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		c := legacytest.IQConfig(t, engine)
		text := strings.NewReplacer(":tenant", "10010", ":limit", "100").Replace(c.Profile.Statements[legacy.SearchUsers])
		for _, query := range []string{"ana", "AN", "na", "%"} {
			found := 0
			count := "SELECT COUNT(*) FROM (" + strings.ReplaceAll(text, ":query", "'"+query+"'") + ") AS found"
			err := legacytest.SQL(t, c).QueryRowContext(t.Context(), count).Scan(&found)
			if err != nil || (found > 0) != strings.HasPrefix("ana", strings.ToLower(query)) {
				t.Errorf("%q: %d found, %v", query, found, err)
			}
		}
	})
}

// TestIQAdministration runs the statements that nothing asks yet, on both engines.
func TestIQAdministration(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		c := legacytest.IQConfig(t, engine)
		db := legacytest.SQL(t, c)
		ask := func(name legacy.Statement, login string) (first string) {
			t.Helper()
			text := strings.NewReplacer(":tenant", "10010", ":login", "'"+login+"'").Replace(c.Profile.Statements[name])
			column := "name"
			if name == legacy.UsernameExists {
				column = "username"
			}
			err := db.QueryRowContext(t.Context(), "SELECT "+column+" FROM ("+text+") AS found ORDER BY 1").Scan(&first)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				t.Errorf("%s: %v", name, err)
			}
			return first
		}
		for _, tt := range []struct {
			name        legacy.Statement
			login, want string
		}{
			{legacy.UsernameExists, "ana", "ana"},
			{legacy.UsernameExists, "nobody", ""},
			{legacy.Tenant, "", "Acme Support"},
			{legacy.ListGroups, "", "Acme Support"},
			{legacy.ListSolutions, "", "10010"},
		} {
			if got := ask(tt.name, tt.login); got != tt.want {
				t.Errorf("%s %s: %q, want %q", tt.name, tt.login, got, tt.want)
			}
		}
	})
}

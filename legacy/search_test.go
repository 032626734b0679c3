package legacy_test

import (
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
			rows, err := legacytest.SQL(t, c).QueryContext(t.Context(), "SELECT COUNT(*) FROM ("+strings.ReplaceAll(text, ":query", "'"+query+"'")+") AS found")
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for rows.Next() {
				if err := rows.Scan(&found); err != nil {
					t.Error(err)
				}
			}
			if err := rows.Close(); err != nil || rows.Err() != nil || (found > 0) != strings.HasPrefix("ana", strings.ToLower(query)) {
				t.Errorf("%q: %d found, %v", query, found, err)
			}
		}
	})
}

package legacy_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestEmailComparison decides in Go what is the same address, whatever rows the statement finds.
func TestEmailComparison(t *testing.T) {
	c := legacytest.Foreign(t, "../testdata/aspnet", legacy.SQLite)
	legacytest.Exec(t, c, "UPDATE AspNetUsers SET Email = 'Ana@Portal.example' WHERE UserName = 'ana@portal.example'")
	exact := c
	exact.Profile.EmailComparison = ""
	for _, tt := range []struct {
		name, address string
		c             legacy.Config
		want          int
	}{
		{"as written (the control)", "Ana@Portal.example", exact, 1},
		{"exact, without capitals", "ana@portal.example", exact, 0},
		{"folded, as written", "Ana@Portal.example", c, 1},
		{"folded, without capitals", "ana@portal.example", c, 1},
		{"folded, in capitals", "ANA@PORTAL.EXAMPLE", c, 1},
		{"folded, a letter that only looks like it", "аna@portal.example", c, 0},
		{"folded, the Kelvin sign is no k", "\u212aari@portal.example", c, 0},
		{"folded, of two", "SHARED@portal.example", c, 2},
		{"exact, of two", "SHARED@portal.example", exact, 0},
	} {
		found, err := legacytest.Open(t, tt.c).Find(t.Context(), "portal", mapping.Query{By: mapping.ByEmail, Value: tt.address})
		if err != nil || len(found) != tt.want {
			t.Errorf("%s: %d, %v; want %d", tt.name, len(found), err, tt.want)
		}
	}
}

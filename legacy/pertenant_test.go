package legacy_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// TestPerTenantIDs: one id, two people.
func TestPerTenantIDs(t *testing.T) {
	for _, engine := range []legacy.Engine{legacy.SQLite, legacy.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			db := legacytest.PerTenant(t, engine)
			if db.Subjects() != mapping.ByTenant || legacytest.IQ(t).Subjects() != mapping.ByUserID {
				t.Error("the form of subjects does not follow the profile")
			}
			names := map[string]bool{}
			for _, tenant := range []mapping.TenantKey{iq.Acme, iq.Globex} {
				rows, err := db.Find(t.Context(), tenant, mapping.Query{By: mapping.ByID, Value: "711"})
				if err != nil || len(rows) != 1 || rows[0].ID != "711" {
					t.Fatalf("user 711 of %s: %+v, %v", tenant, rows, err)
				}
				details, err := db.Details(t.Context(), tenant, "711", mapping.Softphones)
				if err != nil || len(details.Softphones) == 0 {
					t.Fatalf("softphones of 711 of %s: %+v, %v", tenant, details, err)
				}
				names[details.Softphones[0].Address] = true
			}
			if len(names) != 2 {
				t.Errorf("both have %v", names)
			}
		})
	}
}

package provider_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
)

// TestUpdatedAt: the claim is told and advertised where the directory has it, and nowhere else.
func TestUpdatedAt(t *testing.T) {
	for _, tells := range []bool{true, false} {
		config := legacytest.IQConfig(t, legacy.SQLite)
		if tells {
			config.Profile.Statements = maps.Clone(config.Profile.Statements)
			byID := config.Profile.Statements[legacy.UserByID]
			config.Profile.Statements[legacy.UserByID] = strings.Replace(byID, "u.UserID AS user_id", "u.UserID AS user_id, u.CreatedDate AS updated_at", 1)
		}
		var created string
		row := legacytest.SQL(t, config).QueryRowContext(t.Context(), "SELECT strftime('%Y-%m-%d %H:%M:%S', CreatedDate) FROM users WHERE UserID = 4711")
		if err := row.Scan(&created); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.DateTime, created)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorldWith(t, legacytest.Open(t, config))
		l := w.layouts()[0]
		a := w.post(l.token, "legacy-app", form("grant_type", "password", "username", "ana", "password", "demo-ana-4711", "scope", "openid profile"))
		told := map[string]map[string]any{
			"ID token": part(t, text(a.json(t), "id_token"), 1),
			"userinfo": w.userinfo(l, "Bearer "+text(a.json(t), "access_token")).json(t),
		}
		for where, claims := range told {
			if claims["name"] != "Ana Hansen" {
				t.Fatalf("positive control: %s has %v", where, claims)
			}
			if got, has := claims["updated_at"]; has != tells || tells && got != float64(at.Unix()) {
				t.Errorf("directory tells: %t; updated_at in %s is %v, the row says %s", tells, where, got, created)
			}
		}
		advertised, _ := w.browser().get(l.issuer + "/.well-known/openid-configuration").json(t)["claims_supported"].([]any)
		if slices.Contains(advertised, any("updated_at")) != tells || !slices.Contains(advertised, any("name")) {
			t.Errorf("directory tells: %t; advertised are %v", tells, advertised)
		}
	}
}

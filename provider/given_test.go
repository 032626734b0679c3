package provider_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestRolesOfTheLogin follows roles and groups that a connection gives by the IdP's claims through every
// answer that tells about a user; the directory's permissions stay what they are.
func TestRolesOfTheLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		w.change("gateway", func(c *registry.Client) { c.Scopes = append(c.Scopes, "roles", "groups") })
		w.connection("corp", func(c *registry.Connection) {
			c.Enrich = []mapping.Enrichment{{
				When: &mapping.Condition{Claim: "login", Equals: "ana"}, Roles: []string{"supervisor", "agent"}, Groups: []string{"Leads"},
			}}
		})
		exchange := func() map[string]any {
			t.Helper()
			a := w.post(l.token, "gateway", exchanged(w.upstream("patchbay", "ana"), "subject_token_type", idType, "scope", "openid roles groups"))
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			return a.json(t)
		}
		roles, groups := []any{"agent", "supervisor"}, []any{"first line", "Leads"}
		raw := text(exchange(), "access_token")
		same := func(name string, got, want any) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		inside := part(t, raw, 1)
		same("roles inside", inside["roles"], roles)
		same("groups inside", inside["groups"], groups)
		same("permissions inside", inside["permissions"], []any{"calls.answer"})
		seen := w.introspect(l, "api", raw).json(t)
		same("roles at introspection", seen["roles"], roles)
		about := w.userinfo(l, "Bearer "+raw).json(t)
		same("roles at userinfo", about["role"], roles)
		same("groups at userinfo", about["groups"], groups)

		w.connection("corp", func(c *registry.Connection) { c.Enrich[0].When.Equals = "Ana" })
		inside = part(t, text(exchange(), "access_token"), 1)
		same("roles without a reason", inside["roles"], []any{"agent"})
		same("groups without a reason", inside["groups"], []any{"first line"})
	})
}

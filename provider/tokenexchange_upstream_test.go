package provider_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// upstream returns an ID token as the IdP of a connection would make it, and has it accepted as the
// user's.
func (w *world) upstream(clientID, login string) string {
	w.idp.identity = mapping.Identity{
		Connection: "corp", Issuer: "https://idp.example", Subject: login, ExternalID: login, AMR: []string{"mfa"}, ACR: "2",
		AuthTime: epoch.Add(-time.Minute), Claims: map[string]any{"login": login},
	}
	return w.jwt(makers()["RS256"], w.about("https://idp.example", login, clientID), nil)
}

func TestUpstreamTokenExchange(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		for _, typ := range []string{idType, "urn:ietf:params:oauth:token-type:jwt"} {
			a := w.post(l.token, "gateway", exchanged(w.upstream("patchbay", "ana"), "subject_token_type", typ, "scope", "openid contact-centre offline_access", "audience", crm))
			if a.status != http.StatusOK {
				t.Fatalf("%d %s", a.status, a.body)
			}
			said := a.json(t)
			claims := part(t, text(said, "access_token"), 1)
			if said["scope"] != "openid contact-centre" || said["issued_token_type"] != accessType || said["refresh_token"] != nil || said["id_token"] != nil {
				t.Errorf("answer is %v", said)
			}
			amr, _ := claims["amr"].([]any)
			if claims["sub"] != "4711" || claims["client_id"] != "gateway" || claims["idp"] != "corp" || claims["sid"] != nil ||
				claims["acr"] != "2" || len(amr) != 1 || amr[0] != "mfa" || claims["auth_time"] != float64(epoch.Add(-time.Minute).Unix()) || claims["act"] != nil {
				t.Errorf("claims are %v", claims)
			}
			if seen := w.introspect(l, "api", text(said, "access_token")).json(t); seen["active"] != true {
				t.Errorf("introspection says %v", seen)
			}
		}
		logins := w.recorded(broker.LoginSucceeded)
		if len(logins) != 2 || logins[0].LoginID.IsZero() || logins[0].UserID != "4711" {
			t.Fatalf("logins are %+v", logins)
		}
		login, err := w.store.Login(t.Context(), logins[0].LoginID)
		w.must(err)
		if login.Connection != "corp" || login.Subject != "ana" || login.Trace == nil || len(login.Trace.Steps) != 1 {
			t.Errorf("recorded %+v", login)
		}
		if issued := w.recorded(broker.TokenIssued); len(issued) != 2 || !slices.ContainsFunc(issued, func(e broker.Event) bool { return e.LoginID == logins[0].LoginID }) {
			t.Errorf("audit log has %+v", issued)
		}
	})
}

func TestUpstreamTokenRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.exchangers()
		try := func(client, token string) answer {
			return w.post(l.token, client, exchanged(token, "subject_token_type", idType))
		}
		if a := try("gateway", w.upstream("patchbay", "ana")); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		w.directory.edit("4718", func(u *mapping.User) { u.Active = false })
		for _, c := range []struct {
			name, client, login, audience string
			before                        func()
			reason                        broker.Reason
		}{
			{name: "nobody here", client: "gateway", login: "nobody", audience: "patchbay", reason: broker.ReasonNotProvisioned},
			{name: "a disabled user", client: "gateway", login: "hege", audience: "patchbay", reason: broker.ReasonInactive},
			{name: "made for somebody else", client: "gateway", login: "ana", audience: "crm", reason: broker.ReasonConnection},
			{name: "of a connection that is not the client's", client: "gateway", login: "ana", audience: "patchbay-2", reason: broker.ReasonConnection},
			{name: "a client without connections", client: "second-gateway", login: "ana", audience: "patchbay", reason: broker.ReasonConnection},
			{name: "forged", client: "gateway", audience: "patchbay", reason: broker.ReasonUpstream},
			{name: "a rule that links", client: "gateway", login: "ana", audience: "patchbay", reason: broker.ReasonNotProvisioned, before: func() {
				w.connection("corp", func(c *registry.Connection) {
					c.Mapping[0].Link = true
					c.Mapping = append([]mapping.Rule{{Name: "linked", Match: &mapping.Match{ExternalID: "{{ .login }}"}}}, c.Mapping...)
				})
			}},
			{name: "a disabled connection", client: "gateway", login: "ana", audience: "patchbay", reason: broker.ReasonConnection, before: func() {
				w.connection("corp", func(c *registry.Connection) { c.Enabled = false })
			}},
		} {
			t.Run(c.name, func(t *testing.T) {
				if c.before != nil {
					c.before()
				}
				token := w.upstream(c.audience, c.login)
				known := map[id.ID]bool{}
				for _, e := range w.recorded(broker.LoginRefused) {
					known[e.LoginID] = true
				}
				call{status: http.StatusBadRequest, code: "invalid_request"}.check(t, l, try(c.client, token))
				refused := 0
				for _, e := range w.recorded(broker.LoginRefused) {
					if known[e.LoginID] {
						continue
					}
					refused++
					if login, err := w.store.Login(t.Context(), e.LoginID); err != nil || login.Reason != c.reason || login.ClientID != c.client {
						t.Errorf("recorded %+v, %v; want %s", login, err, c.reason)
					}
				}
				if refused != 1 {
					t.Errorf("%d refusals are in the audit log", refused)
				}
			})
		}
		for _, junk := range []string{"junk", "a.b.c", "e30.e30.x"} {
			call{status: http.StatusBadRequest, code: "invalid_request"}.check(t, l, try("gateway", junk))
		}
	})
}

// connection edits a stored connection, as an administrator would.
func (w *world) connection(id string, edit func(*registry.Connection)) {
	w.t.Helper()
	c, ok := w.registry.Snapshot().Connection("acme", id)
	if !ok {
		w.t.Fatalf("no connection %q", id)
	}
	edited := *c
	edited.Mapping = append([]mapping.Rule(nil), c.Mapping...)
	edit(&edited)
	w.save(registry.Records{Connections: []registry.Connection{edited}})
}

func TestUpstreamTokenInOutage(t *testing.T) {
	w := newWorld(t)
	w.exchangers()
	l := w.layouts()[0]
	token := w.upstream("patchbay", "ana")
	try := func() answer {
		return w.post(l.token, "gateway", exchanged(token, "subject_token_type", idType))
	}
	if a := try(); a.status != http.StatusOK {
		t.Fatalf("control: %d %s", a.status, a.body)
	}
	for name, fail := range map[string]func(bool){
		"the IdP":       func(down bool) { w.idp.down = down },
		"the directory": w.directory.fail,
	} {
		fail(true)
		if a := try(); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("%s is down: %d %s", name, a.status, a.body)
		}
		fail(false)
	}
	w.must(w.store.Close())
	if a := try(); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("the state is down: %d %s", a.status, a.body)
	}
}

package broker_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

func (i *idp) VerifyToken(context.Context, string) (mapping.Identity, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.verified++
	identity := i.identity
	identity.Connection = i.connection
	return identity, i.err
}

// present presents a token of acme's connection corp, as a client that may exchange it.
func (k *kit) present() (broker.Recognition, error) {
	k.t.Helper()
	snapshot := k.Registry.Snapshot()
	tenant, _ := snapshot.Tenant("acme")
	corp, ok := snapshot.Connection("acme", "corp")
	if !ok {
		k.t.Fatal("acme has no connection corp")
	}
	claims, err := json.Marshal(map[string]any{"iss": corp.OIDC.Issuer, "aud": corp.OIDC.ClientID})
	k.must(err)
	return k.Present(k.t.Context(), broker.PresentedToken{
		Client: &registry.Client{ID: "gateway", Account: "acme", TokenExchange: registry.TokenExchange{Connections: []string{"gone", "corp"}}},
		Tenant: tenant, Address: "192.0.2.7",
		Token: secret.New("e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"),
	})
}

// TestPresentNeedsALink: the rule that finds ana by her address would link her. A presented token
// follows such a link and never makes one.
func TestPresentNeedsALink(t *testing.T) {
	k, b := newKit(t), newBrowser()
	_, err := k.present()
	r := refused(t, err, broker.ReasonNotProvisioned)
	if l := k.recorded(r); l.ClientID != "gateway" || l.Connection != "corp" || l.Subject != "idp|ana" || l.Address != "192.0.2.7" || l.Trace == nil {
		t.Errorf("recorded %+v", l)
	}
	if made := k.logged(broker.LinkCreated); len(made) != 0 {
		t.Fatalf("links made: %+v", made)
	}

	next, err := k.complete(b, k.sent(b, k.begin(b)))
	b.answered(t, next, err)
	who, err := k.present()
	k.must(err)
	if who.User.ID != "4711" || who.Identity.Connection != "corp" || who.Identity.SessionID != "upstream-1" {
		t.Errorf("recognised %+v", who)
	}
	if l := k.recorded(&broker.Refusal{LoginID: who.LoginID}); l.Reason != "" || l.UserID != "4711" || l.ClientID != "gateway" || !l.AttemptID.IsZero() {
		t.Errorf("recorded %+v", l)
	}

	// Somebody else at the IdP who has her address now is not her.
	k.idps.identity = somebody("idp|mallory")
	_, err = k.present()
	refused(t, err, broker.ReasonNotProvisioned)
}

func TestPresentRefused(t *testing.T) {
	k := newKit(t)
	for _, c := range []struct {
		name string
		err  error
		want broker.Reason
	}{
		{"forged", context.Canceled, broker.ReasonUpstream},
		{"the IdP is down", federation.ErrUnreachable, broker.ReasonUpstreamDown},
	} {
		k.idps.err = c.err
		_, err := k.present()
		if l := k.recorded(refused(t, err, c.want)); l.Subject != "" || l.UserID != "" || l.Detail == "" {
			t.Errorf("%s: recorded %+v", c.name, l)
		}
	}
	k.change("corp", func(c *registry.Connection) { c.Enabled = false })
	_, err := k.present()
	refused(t, err, broker.ReasonConnection)
}

package broker_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
)

const goodbye = "https://agent.acme.example/goodbye"

// departing logs ana in at a connection that logs out upstream, and begins to log her out.
func departing(t *testing.T) (k *kit, b *browser, state string) {
	t.Helper()
	k = newKit(t)
	k.change("corp", func(c *registry.Connection) { c.Policy.Logout = registry.LogoutUpstream })
	k.idps.identity.LogoutHint = []byte("ana's ID token")
	b, _ = k.sso("s1")
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	u, err := url.Parse(k.Depart(t.Context(), s, b.Browser, goodbye, []string{"nb"}).URL)
	k.must(err)
	state = u.Query().Get("state")
	if u.Host != "idp.example" || state == "" {
		t.Fatalf("sent to %s", u)
	}
	return k, b, state
}

func TestDeparture(t *testing.T) {
	k, b, state := departing(t)
	asked := k.idps.logouts[0]
	if string(asked.Hint) != "ana's ID token" || asked.ReturnURI != "https://sso.example/login/acme/corp/logged-out" || len(asked.UILocales) != 1 {
		t.Errorf("the IdP was asked %+v", asked)
	}
	home := broker.Homecoming{Account: "acme", Connection: "corp", State: state, Browser: b.Browser}
	d, ended, err := k.Return(t.Context(), home)
	if err != nil || !ended || d.ReturnURI != goodbye || len(d.SealedMemo) == 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	if _, _, err := k.Return(t.Context(), home); !errors.Is(err, broker.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
}

// TestReturnIsForWhoDeparted: every row begins with a departure of its own.
func TestReturnIsForWhoDeparted(t *testing.T) {
	for _, tc := range []struct {
		name                string
		account             registry.Account
		connection          string
		spoil               func(state string) string
		stranger, late, own bool
	}{
		{name: "positive control", account: "acme", connection: "corp", own: true},
		{name: "at another connection", account: "acme", connection: "partner"},
		{name: "at another tenant", account: "globex", connection: "corp"},
		{name: "in another browser", account: "acme", connection: "corp", stranger: true},
		{name: "late", account: "acme", connection: "corp", late: true},
		{name: "an unknown state", account: "acme", connection: "corp", spoil: func(s string) string { return s + "x" }},
		{name: "no state", account: "acme", connection: "corp", spoil: func(string) string { return "" }},
	} {
		k, b, state := departing(t)
		if tc.spoil != nil {
			state = tc.spoil(state)
		}
		if tc.stranger {
			b = newBrowser()
		}
		if tc.late {
			k.pass(time.Hour)
		}
		d, _, err := k.Return(t.Context(), broker.Homecoming{Account: tc.account, Connection: tc.connection, State: state, Browser: b.Browser})
		switch {
		case tc.own && (err != nil || d.ReturnURI != goodbye):
			t.Fatalf("%s: %+v, %v", tc.name, d, err)
		case !tc.own && !errors.Is(err, broker.ErrNotFound):
			t.Errorf("%s: %+v, %v", tc.name, d, err)
		}
	}
}

// TestNoDeparture: logging out here never depends on an IdP.
func TestNoDeparture(t *testing.T) {
	for name, spoil := range map[string]func(*kit){
		"the connection does not want it": func(k *kit) {
			k.change("corp", func(c *registry.Connection) { c.Policy.Logout = registry.LogoutLocal })
		},
		"the IdP has no place for it": func(k *kit) { k.idps.noLogout = true },
		"the IdP is down":             func(k *kit) { k.idps.unreachable = federation.ErrUnreachable },
		"the connection is disabled":  func(k *kit) { k.change("corp", func(c *registry.Connection) { c.Enabled = false }) },
		"the state database fails":    func(k *kit) { k.store.arm(1, false) },
	} {
		k, b, _ := departing(t)
		s, err := k.Session(t.Context(), issuer, b.Browser)
		k.must(err)
		spoil(k)
		if to := k.Depart(t.Context(), s, b.Browser, goodbye, nil); to.URL != "" {
			t.Errorf("%s: sent to %s", name, to.URL)
		}
	}
	k, b := newKit(t), newBrowser()
	k.login(b)
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	if to := k.Depart(t.Context(), s, b.Browser, goodbye, nil); to.URL != "" || len(s.SealedHint) > 0 {
		t.Errorf("after a password: sent to %s", to.URL)
	}
}

// TestDepartureByForm: where the identity provider takes logouts by a form only, it gets one.
func TestDepartureByForm(t *testing.T) {
	k, b, _ := departing(t)
	k.idps.logoutForm = url.Values{"SAMLRequest": {"x"}}
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	if to := k.Depart(t.Context(), s, b.Browser, goodbye, nil); to.Step != broker.StepRedirect || to.URL == "" || to.Form.Get("SAMLRequest") != "x" {
		t.Errorf("%+v", to)
	}
}

// TestHintIsKeptWhereItIsUsed: an ID token of somebody's is not ours to keep without need.
func TestHintIsKeptWhereItIsUsed(t *testing.T) {
	k := newKit(t)
	k.idps.identity.LogoutHint = []byte("ana's ID token")
	b, _ := k.sso("s1")
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	if len(s.SealedHint) != 0 {
		t.Error("the hint is kept")
	}
}

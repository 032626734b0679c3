package broker_test

import (
	"errors"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

func TestAConnectionIsOpenedOnceForEachConfiguration(t *testing.T) {
	k, b := newKit(t), newBrowser()
	send := func() {
		t.Helper()
		k.sent(b, k.begin(b))
	}
	send()
	if len(k.idps.opened) != 1 {
		t.Fatalf("opened %d times", len(k.idps.opened))
	}
	for _, c := range []struct {
		name   string
		change func()
		opened int
	}{
		{"nothing", func() {}, 0},
		{"a reload", func() { k.must(k.Registry.Invalidate(t.Context(), registry.ChangeKind, "acme")) }, 0},
		{"another connection", func() { k.change("partner", func(c *registry.Connection) { c.Name = "other" }) }, 0},
		{"switched off and on", func() {
			k.change("corp", func(c *registry.Connection) { c.Enabled = false })
			k.change("corp", func(c *registry.Connection) { c.Enabled = true })
		}, 0},
		{"another client id", func() {
			k.change("corp", func(c *registry.Connection) { o := *c.OIDC; o.ClientID = "new"; c.OIDC = &o })
		}, 1},
		{"another secret", func() {
			k.change("corp", func(c *registry.Connection) { o := *c.OIDC; o.SealedSecret = []byte("sealed"); c.OIDC = &o })
		}, 1},
		{"another mapping", func() { k.change("corp", func(c *registry.Connection) { c.Mapping = c.Mapping[:1] }) }, 1},
	} {
		before := len(k.idps.opened)
		c.change()
		send()
		send()
		if got := len(k.idps.opened) - before; got != c.opened {
			t.Errorf("after a change of %s opened %d times, want %d", c.name, got, c.opened)
		}
	}
}

func TestANewMappingAppliesToTheNextCallback(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	params := k.sent(b, attempt)
	k.change("corp", func(c *registry.Connection) { c.Mapping = c.Mapping[:1] }) // no e-mail any more
	_, err := k.complete(b, params)
	if l := k.recorded(refused(t, err, broker.ReasonNotProvisioned)); len(l.Trace.Steps) != 1 {
		t.Errorf("decided by %+v", l.Trace)
	}
}

func TestAConnectionThatDoesNotOpen(t *testing.T) {
	k, b := newKit(t), newBrowser()
	broken := errors.New("secret does not open")
	fail := true
	k.Upstreams = broker.NewUpstreams(k.Registry, func(c *registry.Connection) (broker.Upstream, error) {
		if fail {
			return nil, broken
		}
		return k.idps.open(c)
	})
	attempt := k.begin(b)
	_, err := k.Send(t.Context(), attempt, b.Browser, "corp")
	if refused(t, err, broker.ReasonConnection); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
	fail = false
	k.goesOn(b, attempt)
}

func TestThePageOffersWhatIsEnabled(t *testing.T) {
	k, b := newKit(t), newBrowser()
	page, err := k.Page(t.Context(), k.begin(b, func(r *broker.AuthRequest) { r.LoginHint = "ana" }), b.Browser)
	k.must(err)
	if len(page.Connections) != 2 || page.Connections[0].ID != "corp" || page.Connections[1].ID != "partner" {
		t.Errorf("connections: %v", page.Connections)
	}
	if page.Tenant.Account != "acme" || page.Client.ID != "agent-app" || page.LoginHint != "ana" || page.RedirectURI != redirect {
		t.Errorf("page is %+v", page)
	}
}

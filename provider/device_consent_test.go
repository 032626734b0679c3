package provider_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestDeviceConsent: for a client that needs consent the device's last question says what it asks for,
// and the answer is remembered as that of the consent page is.
func TestDeviceConsent(t *testing.T) {
	const asks = "With that agent-app asks for:"
	w := newWorld(t)
	w.devices()
	l := w.layouts()[0]
	page := w.device(l, "openid email").confirm(w.browser())
	if !strings.Contains(page.body, "Sign in the device as Ana Hansen?") || strings.Contains(page.body, asks) {
		t.Fatalf("control: a client that needs none asks\n%s", page.body)
	}

	w.change("agent-app", func(c *registry.Client) { c.RequireConsent = true })
	b := w.browser()
	d := w.device(l, "openid email")
	question := d.question(b)
	if strings.Contains(question.body, asks) {
		t.Errorf("a stranger is asked for consent:\n%s", question.body)
	}
	page = d.confirm(b)
	for _, want := range []string{asks, "<li>Who you are</li>", "<li>Your e-mail address</li>"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the question does not say %q:\n%s", want, page.body)
		}
	}
	if n := len(w.recorded(broker.ConsentGiven)); n != 0 {
		t.Errorf("consented %d times before the answer", n)
	}
	b.press(page, "/allow")
	if a := d.poll(); a.status != 200 {
		t.Fatalf("tokens: %d %s", a.status, a.body)
	}
	if given := w.recorded(broker.ConsentGiven); len(given) != 1 || given[0].UserID != "4711" || given[0].ClientID != "agent-app" || given[0].Account != "acme" {
		t.Errorf("the audit log has %+v", given)
	}
	remembered := func() []string {
		t.Helper()
		given, err := w.store.Consent(t.Context(), "acme", "4711", "agent-app")
		w.must(err)
		return slices.Sorted(slices.Values(given.Scope))
	}
	if got := remembered(); !slices.Equal(got, []string{"email", "openid"}) {
		t.Errorf("remembered %v", got)
	}
	if q := b.get(authorizeURL(l, "scope", "openid email")).location(t).Query(); q.Get("code") == "" {
		t.Errorf("the browser is asked again: %v", q)
	}

	t.Run("less does not take back more", func(t *testing.T) {
		w.pass(time.Second)
		less := w.device(l, "openid")
		b.press(less.confirm(b), "/allow")
		if got := remembered(); !slices.Equal(got, []string{"email", "openid"}) {
			t.Errorf("remembered %v", got)
		}
	})
	t.Run("no is not remembered", func(t *testing.T) {
		more := w.device(l, "openid profile")
		b.press(more.confirm(b), "/deny")
		refusedAs(t, "the device", more.poll(), 400, "access_denied")
		if got := remembered(); slices.Contains(got, "profile") {
			t.Errorf("remembered %v", got)
		}
	})
}

// TestPlatformDevice: a client of the platform learns with the login which tenant its device is in.
func TestPlatformDevice(t *testing.T) {
	w := newWorld(t)
	c := client("desktop", "")
	c.GrantTypes = []string{registry.GrantDeviceCode, registry.GrantRefreshToken}
	c.Scopes = []string{"openid", "offline_access", "contact-centre"}
	c.Refresh = registry.Refresh{Rotation: true, Sliding: time.Hour, Absolute: time.Hour}
	acme, _ := w.registry.Snapshot().Tenant("acme")
	globex, _ := w.registry.Snapshot().Tenant("globex")
	numbered := []registry.Tenant{*acme, *globex}
	numbered[0].CustomerNumber, numbered[1].CustomerNumber = "1001", "1002"
	w.save(registry.Records{Clients: []registry.Client{c}, Tenants: numbered})
	begin := func(l layout) waitingDevice {
		t.Helper()
		a := w.post(l.deviceAuthorization(), "desktop", url.Values{"scope": {"openid offline_access contact-centre"}})
		if a.status != 200 {
			t.Fatalf("no device code: %d %s", a.status, a.body)
		}
		said := a.json(t)
		return waitingDevice{w, l, text(said, "device_code"), text(said, "user_code"), text(said, "verification_uri_complete")}
	}
	poll := func(d waitingDevice) answer {
		return w.post(d.l.token, "desktop", url.Values{"grant_type": {registry.GrantDeviceCode}, "device_code": {d.code}})
	}
	for _, c := range []struct {
		name, number, login, tenant, subject, caller string
	}{
		{"of the one tenant", "1001", "ana", "acme", "4711", "api"},
		{"of the other", "1002", "ana", "globex", "5711", "globex-api"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, b := begin(w.layouts()[0]), w.browser()
			question := d.question(b)
			if strings.Contains(question.body, "Acme Support") || strings.Contains(question.body, "Globex") {
				t.Errorf("the question names a tenant before anybody is known:\n%s", question.body)
			}
			confirm := b.submit(b.submit(question, nil), url.Values{"username": {c.login}, "password": {password}, "customer_number": {c.number}})
			b.press(confirm, "/allow")
			a := poll(d)
			if a.status != 200 {
				t.Fatalf("tokens: %d %s", a.status, a.body)
			}
			tokens := a.json(t)
			claims := part(t, text(tokens, "access_token"), 1)
			if claims["tenant"] != c.tenant || claims["sub"] != c.subject || claims["client_id"] != "desktop" {
				t.Errorf("claims are %v", claims)
			}
			if seen := w.introspect(w.layouts()[0], c.caller, text(tokens, "access_token")); seen.json(t)["active"] != true {
				t.Errorf("introspection says %s", seen.body)
			}
			renewed := w.post(d.l.token, "desktop", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(tokens, "refresh_token")}})
			if renewed.status != 200 || part(t, text(renewed.json(t), "access_token"), 1)["tenant"] != c.tenant {
				t.Errorf("refresh: %d %s", renewed.status, renewed.body)
			}
		})
	}
	t.Run("at a realm", func(t *testing.T) {
		d, b := begin(w.layouts()[1]), w.browser()
		login := b.submit(d.question(b), nil)
		if strings.Contains(login.body, `name="customer_number"`) {
			t.Errorf("asked for what the realm says:\n%s", login.body)
		}
		b.press(b.submit(login, url.Values{"username": {"ana"}, "password": {password}}), "/allow")
		if a := poll(d); a.status != 200 || part(t, text(a.json(t), "access_token"), 1)["tenant"] != "acme" {
			t.Errorf("tokens: %d %s", a.status, a.body)
		}
	})
	t.Run("at a realm that the person is not of", func(t *testing.T) {
		w.directory.put(mapping.User{ID: "5712", Tenant: "10020", Username: "gus", Active: true, Type: "person"}, mapping.Details{})
		b := w.browser()
		if q := b.submit(b.get(authorizeURL(w.layouts()[0], "client_id", "globex-app")), url.Values{"username": {"gus"}, "password": {password}}); q.location(t).Query().Get("code") == "" {
			t.Fatalf("control: gus is not logged in: %d %s", q.status, q.body)
		}
		d := begin(w.layouts()[1])
		page := b.submit(b.submit(d.question(b), nil), url.Values{"username": {"gus"}, "password": {password}, "customer_number": {"1002"}})
		if strings.Contains(page.body, "Sign in the device as") {
			t.Errorf("logged in: %s", page.body)
		}
		refusedAs(t, "the device", poll(d), 400, "authorization_pending")
	})
	t.Run("with a number that nobody has", func(t *testing.T) {
		d, b := begin(w.layouts()[0]), w.browser()
		page := b.submit(b.submit(d.question(b), nil), url.Values{"username": {"ana"}, "password": {password}, "customer_number": {"9999"}})
		if strings.Contains(page.body, "Sign in the device as") {
			t.Errorf("logged in: %s", page.body)
		}
		refusedAs(t, "the device", poll(d), 400, "authorization_pending")
	})
}

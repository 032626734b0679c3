package provider_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// allow gives a user permissions, and no others.
func (d *directory) allow(id mapping.UserID, permissions ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	details := d.details[id]
	details.Permissions = permissions
	d.details[id] = details
}

// TestInformation: the endpoint takes a live token of either issuer that opens the contact centre.
func TestInformation(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.directory.allow("4711", "contact-centre")
		address := w.base + "/contactcentre5/accesstokeninformation"
		access := text(w.issue(l, "ana"), "access_token")
		ask := func(auth ...string) answer {
			return w.send(address, call{method: http.MethodGet, auth: auth})
		}
		good := ask("Bearer " + access)
		if good.status != http.StatusOK || good.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("control: %d %s", good.status, good.body)
		}
		if want := part(t, access, 1); !reflect.DeepEqual(good.json(t), want) {
			t.Errorf("answered %s, want the claims %v", good.body, want)
		}
		narrow := text(w.issue(l, "ana", "scope", "openid profile"), "access_token")
		realm := `Bearer realm="` + w.base + `"`
		for _, c := range []struct {
			name      string
			auth      []string
			break_    func()
			mend      func()
			status    int
			challenge string
		}{
			{name: "no token", status: 401, challenge: realm},
			{name: "another scheme", auth: []string{"Basic YTpi"}, status: 401, challenge: realm},
			{name: "an empty token", auth: []string{"Bearer "}, status: 401, challenge: realm},
			{name: "two tokens", auth: []string{"Bearer " + access, "Bearer " + access}, status: 400},
			{name: "malformed", auth: []string{"Bearer garbage"}, status: 401, challenge: realm + `, error="invalid_token"`},
			{name: "truncated", auth: []string{"Bearer " + access[:len(access)-1]}, status: 401, challenge: realm + `, error="invalid_token"`},
			{name: "without the scope", auth: []string{"Bearer " + narrow}, status: 403, challenge: realm + `, error="insufficient_scope"`},
			{
				name: "without the permission", auth: []string{"Bearer " + access}, status: 403, challenge: realm + `, error="insufficient_scope"`,
				break_: func() { w.directory.allow("4711", "calls.answer") }, mend: func() { w.directory.allow("4711", "contact-centre") },
			},
			{
				name: "user disabled", auth: []string{"Bearer " + access}, status: 401, challenge: realm + `, error="invalid_token"`,
				break_: func() { w.directory.edit("4711", func(u *mapping.User) { u.Active = false }) },
				mend:   func() { w.directory.edit("4711", func(u *mapping.User) { u.Active = true }) },
			},
			{
				name: "directory down", auth: []string{"Bearer " + access}, status: 503,
				break_: func() { w.directory.fail(true) }, mend: func() { w.directory.fail(false) },
			},
			{
				name: "expired", auth: []string{"Bearer " + access}, status: 401, challenge: realm + `, error="invalid_token"`,
				break_: func() { w.pass(15 * time.Minute) }, mend: func() {},
			},
		} {
			if c.break_ != nil {
				c.break_()
			}
			a := ask(c.auth...)
			if a.status != c.status || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), c.challenge) ||
				c.challenge == realm && a.header.Get("WWW-Authenticate") != realm {
				t.Errorf("%s: %d %q %s", c.name, a.status, a.header.Get("WWW-Authenticate"), a.body)
			}
			if (a.status == http.StatusServiceUnavailable) != (a.header.Get("Retry-After") != "") {
				t.Errorf("%s: Retry-After %q", c.name, a.header.Get("Retry-After"))
			}
			if c.mend != nil {
				c.mend()
			}
		}
	})
}

// TestInformationTakesNothingElse: no other method, and no token where access logs would keep it.
func TestInformationTakesNothingElse(t *testing.T) {
	w := newWorld(t)
	w.directory.allow("4711", "contact-centre")
	address := w.base + "/contactcentre5/accesstokeninformation"
	access := text(w.issue(w.layouts()[0], "ana"), "access_token")
	if a := w.send(address, call{method: http.MethodGet, auth: []string{"Bearer " + access}}); a.status != http.StatusOK {
		t.Fatalf("control: %d %s", a.status, a.body)
	}
	if a := w.send(address, call{method: http.MethodPost, auth: []string{"Bearer " + access}}); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != http.MethodGet {
		t.Errorf("POST: %d, Allow %q", a.status, a.header.Get("Allow"))
	}
	if a := w.send(address, call{method: http.MethodGet, query: "access_token=" + access}); a.status != http.StatusBadRequest {
		t.Errorf("token in the query: %d %s", a.status, a.body)
	}
	w.change("agent-app", func(c *registry.Client) { c.Enabled = false })
	if a := w.send(address, call{method: http.MethodGet, auth: []string{"Bearer " + access}}); a.status != http.StatusUnauthorized {
		t.Errorf("client disabled: %d %s", a.status, a.body)
	}
}

// TestInformationOfMachines: a client that acts for a user needs its product access for as long as the
// token lives, and one that acts for itself is nobody whom the contact centre knows.
func TestInformationOfMachines(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.directory.allow("4711", "contact-centre")
		address := w.base + "/contactcentre5/accesstokeninformation"
		asUser := text(w.machine(l, "reporting", "contact-centre:10010:4711").json(t), "access_token")
		asItself := text(w.machine(l, "reporting", "contact-centre").json(t), "access_token")
		ask := func(access string) answer {
			return w.send(address, call{method: http.MethodGet, auth: []string{"Bearer " + access}})
		}
		if a := ask(asUser); a.status != http.StatusOK || text(a.json(t), "sub") != "4711" {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		if a := ask(asItself); a.status != http.StatusForbidden || text(a.json(t), "error") != "insufficient_scope" {
			t.Errorf("for itself: %d %s", a.status, a.body)
		}
		w.change("reporting", func(c *registry.Client) { c.ProductAccess = c.ProductAccess[1:] })
		if a := ask(asUser); a.status != http.StatusForbidden || text(a.json(t), "error") != "insufficient_scope" {
			t.Errorf("without the product access: %d %s", a.status, a.body)
		}
	})
}

package provider_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// devices lets agent-app use the device grant.
func (w *world) devices() {
	w.t.Helper()
	w.change("agent-app", func(c *registry.Client) { c.GrantTypes = append(c.GrantTypes, registry.GrantDeviceCode) })
}

func (l layout) deviceAuthorization() string {
	if l.realm() {
		return l.issuer + "/protocol/openid-connect/auth/device"
	}
	return l.issuer + "/connect/deviceauthorization"
}

// A waitingDevice is what a device was told.
type waitingDevice struct {
	w                    *world
	l                    layout
	code, user, complete string
}

func (w *world) device(l layout, scope string) waitingDevice {
	w.t.Helper()
	a := w.post(l.deviceAuthorization(), "agent-app", url.Values{"scope": {scope}})
	if a.status != http.StatusOK {
		w.t.Fatalf("no device code: %d %s", a.status, a.body)
	}
	said := a.json(w.t)
	return waitingDevice{w, l, text(said, "device_code"), text(said, "user_code"), text(said, "verification_uri_complete")}
}

func (d waitingDevice) poll() answer {
	d.w.t.Helper()
	return d.w.post(d.l.token, "agent-app", url.Values{"grant_type": {registry.GrantDeviceCode}, "device_code": {d.code}})
}

// press sends the form of a page that leads to an address with that end.
func (b *browser) press(page answer, end string) answer {
	b.t.Helper()
	for _, at := range formAction.FindAllStringSubmatchIndex(page.body, -1) {
		if strings.HasSuffix(page.body[at[2]:at[3]], end) {
			page.body = page.body[at[0]:]
			return b.submit(page, nil)
		}
	}
	b.t.Fatalf("no form leads to …%s:\n%s", end, page.body)
	return answer{}
}

// question types the code into a browser.
func (d waitingDevice) question(b *browser) answer {
	d.w.t.Helper()
	return b.submit(b.get(d.complete), url.Values{"user_code": {d.user}})
}

// confirm logs ana in for the device, up to the last question.
func (d waitingDevice) confirm(b *browser) answer {
	d.w.t.Helper()
	page := b.submit(d.question(b), nil)
	if strings.Contains(page.url.Path, "/login/") {
		page = b.submit(page, url.Values{"username": {"ana"}, "password": {password}})
	}
	return page
}

func (d waitingDevice) allow() {
	d.w.t.Helper()
	b := d.w.browser()
	if done := b.press(d.confirm(b), "/allow"); !strings.Contains(done.body, "The device is signed in") {
		d.w.t.Fatalf("after the last question: %d %s", done.status, done.body)
	}
}

// refused checks an OAuth error.
func refusedAs(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	if a.status != status || text(a.json(t), "error") != code {
		t.Errorf("%s: %d %s; want %d %s", what, a.status, a.body, status, code)
	}
}

func TestDeviceLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.devices()
		a := w.post(l.deviceAuthorization(), "agent-app", url.Values{"scope": {"openid offline_access"}})
		said := a.json(t)
		code := text(said, "user_code")
		if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(code) {
			t.Errorf("user_code is %q", code)
		}
		if said["verification_uri"] != w.base+"/device" || said["verification_uri_complete"] != w.base+"/device?user_code="+code ||
			said["expires_in"] != 600.0 || said["interval"] != 5.0 || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("answer is %v, Cache-Control %q", said, a.header.Get("Cache-Control"))
		}
		d := waitingDevice{w, l, text(said, "device_code"), code, text(said, "verification_uri_complete")}
		refusedAs(t, "before anybody answered", d.poll(), 400, "authorization_pending")

		b := w.browser()
		entry := b.get(w.base + "/device")
		question := b.submit(entry, url.Values{"user_code": {strings.ToLower(strings.Replace(code, "-", " ", 1))}})
		for _, want := range []string{"Is this you?", "agent-app", "Acme Support", code} {
			if !strings.Contains(question.body, want) {
				t.Errorf("the question does not say %q:\n%s", want, question.body)
			}
		}
		loginPage := b.submit(question, nil)
		if !strings.Contains(loginPage.url.Path, "/login/attempt/") || !strings.Contains(loginPage.body, "the device is not signed in") {
			t.Fatalf("no login page for a device: %s\n%s", loginPage.url, loginPage.body)
		}
		confirm := b.submit(loginPage, url.Values{"username": {"ana"}, "password": {password}})
		if !strings.Contains(confirm.body, "Sign in the device as Ana Hansen?") {
			t.Fatalf("no last question: %s\n%s", confirm.url, confirm.body)
		}
		w.pass(5 * time.Second)
		refusedAs(t, "before the last answer", d.poll(), 400, "authorization_pending")
		done := b.press(confirm, "/allow")
		if again := b.get(done.url.String()); again.body != done.body || !strings.Contains(done.body, "The device is signed in") {
			t.Errorf("the last page is %d\n%s\nthen %s", done.status, done.body, again.body)
		}
		w.pass(5 * time.Second)
		got := d.poll()
		tokens := got.json(t)
		if got.status != 200 || text(tokens, "refresh_token") == "" || part(t, text(tokens, "id_token"), 1)["sub"] != "4711" {
			t.Fatalf("tokens are %d %s", got.status, got.body)
		}
		access := part(t, text(tokens, "access_token"), 1)
		if access["client_id"] != "agent-app" || access["idp"] != "local" || text(access, "sid") == "" {
			t.Errorf("access token says %v", access)
		}
		refusedAs(t, "a second time", d.poll(), 400, "invalid_grant")
		if live := w.introspect(l, "api", text(tokens, "access_token")).json(t); live["active"] != true {
			t.Error("polling again revoked what was issued")
		}
		if n := len(w.recorded(broker.DeviceAllowed)); n != 1 {
			t.Errorf("the audit log has %d allowed devices", n)
		}
	})
}

func TestDeviceWithSession(t *testing.T) {
	w := newWorld(t)
	w.devices()
	l := w.layouts()[0]
	b := w.browser()
	if q := b.logIn(authorizeURL(l), "ana"); q.Get("code") == "" {
		t.Fatalf("no session: %v", q)
	}
	d := w.device(l, "openid")
	confirm := b.submit(d.question(b), nil)
	if !strings.Contains(confirm.body, "Sign in the device as Ana Hansen?") {
		t.Fatalf("the session was not used: %s\n%s", confirm.url, confirm.body)
	}
	t.Run("somebody else may log in", func(t *testing.T) {
		page := b.press(confirm, "/user")
		other := b.submit(page, url.Values{"username": {"hege"}, "password": {password}})
		if !strings.Contains(other.body, "Sign in the device as hege?") {
			t.Fatalf("after another login: %s\n%s", other.url, other.body)
		}
		if stale := b.get(confirm.url.String()); !strings.Contains(stale.body, "hege") {
			t.Errorf("the page names %s", stale.body)
		}
	})
	b.press(b.get(confirm.url.String()), "/allow")
	if tokens := d.poll().json(t); part(t, text(tokens, "id_token"), 1)["sub"] != "4718" || tokens["refresh_token"] != nil {
		t.Errorf("tokens are %v; want hege's, without offline_access no refresh token", tokens)
	}
}

func TestDevicePolls(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.devices()
		allowed := w.device(l, "openid")
		allowed.allow()
		if a := allowed.poll(); a.status != 200 {
			t.Fatalf("positive control: %d %s", a.status, a.body)
		}

		d := w.device(l, "openid")
		refusedAs(t, "first poll", d.poll(), 400, "authorization_pending")
		w.pass(time.Second)
		refusedAs(t, "after a second", d.poll(), 400, "slow_down")
		w.pass(5 * time.Second)
		refusedAs(t, "in the old interval", d.poll(), 400, "slow_down")
		w.pass(15 * time.Second)
		refusedAs(t, "in the new interval", d.poll(), 400, "authorization_pending")

		denied := w.device(l, "openid")
		b := w.browser()
		if page := b.press(denied.question(b), "/deny"); !strings.Contains(page.body, "The device was not signed in") {
			t.Errorf("after a no: %s", page.body)
		}
		refusedAs(t, "after a no", denied.poll(), 400, "access_denied")

		cancelled := w.device(l, "openid")
		b = w.browser()
		login := b.submit(cancelled.question(b), nil)
		if page := b.press(login, "/cancel"); !strings.Contains(page.body, "The device was not signed in") {
			t.Errorf("after cancelling: %s", page.body)
		}
		refusedAs(t, "after cancelling", cancelled.poll(), 400, "access_denied")

		other := w.post(l.token, "agent-app", url.Values{"grant_type": {registry.GrantDeviceCode}, "device_code": {"guessed"}})
		refusedAs(t, "unknown code", other, 400, "invalid_grant")
		w.change("second-app", func(c *registry.Client) { c.GrantTypes = append(c.GrantTypes, registry.GrantDeviceCode) })
		form := url.Values{"grant_type": {registry.GrantDeviceCode}, "device_code": {d.code}}
		refusedAs(t, "another client", w.post(l.token, "second-app", form), 400, "invalid_grant")
		elsewhere := w.layouts()[0]
		if !l.realm() {
			elsewhere = w.layouts()[1]
		}
		refusedAs(t, "another issuer", w.post(elsewhere.token, "agent-app", form), 400, "invalid_grant")
		refusedAs(t, "no code", w.post(l.token, "agent-app", url.Values{"grant_type": {registry.GrantDeviceCode}}), 400, "invalid_request")
		w.pass(10 * time.Minute)
		refusedAs(t, "too late", d.poll(), 400, "expired_token")
	})
}

func TestDeviceIsRedeemedOnce(t *testing.T) {
	w := newWorld(t)
	w.devices()
	d := w.device(w.layouts()[0], "openid offline_access")
	d.allow()
	statuses := make(chan int, 64)
	var wg sync.WaitGroup
	for range cap(statuses) {
		wg.Go(func() { statuses <- d.poll().status })
	}
	wg.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	if count[200] != 1 || count[400] != 63 {
		t.Errorf("64 polls were answered %v", count)
	}
}

// TestDeviceChecksTheUser: what ends a code ends an allowed device, and trouble of ours does not.
func TestDeviceChecksTheUser(t *testing.T) {
	w := newWorld(t)
	w.devices()
	d := w.device(w.layouts()[0], "openid")
	d.allow()
	w.directory.fail(true)
	refusedAs(t, "directory down", d.poll(), 503, "temporarily_unavailable")
	w.directory.fail(false)
	w.directory.edit("4711", func(u *mapping.User) { u.Active = false })
	refusedAs(t, "user disabled", d.poll(), 400, "invalid_grant")
	w.directory.edit("4711", func(u *mapping.User) { u.Active = true })
	if a := d.poll(); a.status != 200 {
		t.Errorf("nothing was consumed, but: %d %s", a.status, a.body)
	}
}

func TestDeviceAuthorizationRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.devices()
		w.device(l, "openid") // positive control
		at := l.deviceAuthorization()
		refusedAs(t, "client without the grant", w.post(at, "second-app", url.Values{"scope": {"openid"}}), 400, "unauthorized_client")
		w.change("agent-app", func(c *registry.Client) { c.Scopes = []string{"openid"} })
		refusedAs(t, "scope not allowed", w.post(at, "agent-app", url.Values{"scope": {"openid email"}}), 400, "invalid_scope")
		refusedAs(t, "duplicates", w.post(at, "agent-app", url.Values{"scope": {"openid", "openid"}}), 400, "invalid_request")
		refusedAs(t, "query", w.post(at+"?scope=openid", "agent-app", url.Values{}), 400, "invalid_request")
		wrong := w.post(at, "", url.Values{"client_id": {"agent-app"}, "client_secret": {"wrong"}})
		code := "invalid_client"
		if l.realm() {
			code = "unauthorized_client"
		}
		refusedAs(t, "wrong secret", wrong, 401, code)
		if a := w.browser().get(at); a.status != 405 || a.header.Get("Allow") == "" {
			t.Errorf("GET: %d, Allow %q", a.status, a.header.Get("Allow"))
		}
	})
}

func TestUserCodesCannotBeGuessed(t *testing.T) {
	w := newWorld(t)
	w.devices()
	d := w.device(w.layouts()[0], "openid")
	b := w.browser()
	page := b.get(w.base + "/device")
	for i := range 10 {
		wrong := b.submit(page, url.Values{"user_code": {"BBBB-BBB" + string("BCDFGHJKLM"[i])}})
		if wrong.status != 400 || !strings.Contains(wrong.body, "No device shows this code") {
			t.Fatalf("guess %d: %d %s", i, wrong.status, wrong.body)
		}
	}
	throttled := b.submit(page, url.Values{"user_code": {d.user}})
	if throttled.status != 429 || throttled.header.Get("Retry-After") != "600" || !strings.Contains(throttled.body, "Try again in 10 min.") {
		t.Errorf("the right code after ten wrong ones: %d, Retry-After %q\n%s", throttled.status, throttled.header.Get("Retry-After"), throttled.body)
	}
	if question := w.browser().submit(page, url.Values{"user_code": {d.user}}); question.status != 403 {
		t.Errorf("a form of another browser: %d", question.status)
	}
	d.allow() // another browser of the same network still may
	w.pass(11 * time.Minute)
	if late := b.submit(page, url.Values{"user_code": {d.user}}); late.status != 400 {
		t.Errorf("a code that has expired and was used: %d", late.status)
	}
}

package provider_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// A receiver is a client's backchannel_logout_uri.
type receiver struct {
	server *httptest.Server
	status int
	heard  chan url.Values
}

// receives gives a client a receiver that answers with a status.
func (w *world) receives(client string, status int) *receiver {
	w.t.Helper()
	r := &receiver{status: status, heard: make(chan url.Values, 100)}
	r.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		form, parseErr := url.ParseQuery(string(body))
		if err != nil || parseErr != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			w.t.Errorf("%s %s: %v %v", req.Method, req.Header.Get("Content-Type"), err, parseErr)
		}
		r.heard <- form
		rw.WriteHeader(r.status)
	}))
	w.t.Cleanup(r.server.Close)
	w.change(client, func(c *registry.Client) { c.BackchannelLogoutURI = r.server.URL + "/logout?tenant=acme" })
	return r
}

// token waits for a logout token.
func (r *receiver) token(t *testing.T) string {
	t.Helper()
	select {
	case form := <-r.heard:
		if len(form) != 1 || len(form["logout_token"]) != 1 {
			t.Errorf("client was sent %v", form)
		}
		return form.Get("logout_token")
	case <-time.After(10 * time.Second):
		t.Fatal("client heard of no logout")
		return ""
	}
}

// quiet checks that nothing more was heard.
func (r *receiver) quiet(t *testing.T, who string) {
	t.Helper()
	select {
	case <-r.heard:
		t.Errorf("%s heard of a logout", who)
	default:
	}
}

// deliver runs the background work until stop is called, which waits for its end.
func (w *world) deliver() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var work sync.WaitGroup
	work.Go(func() { w.provider.Run(ctx) })
	w.t.Cleanup(func() { cancel(); work.Wait() })
	return func() { cancel(); work.Wait() }
}

// drained waits until the outbox is empty, at a time when everything in it is due.
func (w *world) drained() {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		due, err := w.store.DueLogouts(w.t.Context(), w.clock.Now().Add(24*time.Hour), nil, 10)
		w.must(err)
		if len(due) == 0 {
			return
		}
	}
	w.t.Fatal("the outbox is not empty")
}

// awaitLog waits until the log has a line n times.
func (w *world) awaitLog(line string, n int) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Count(w.logged.String(), line) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("the log has %q fewer than %d times", line, n)
		}
	}
}

func TestBackchannelLogout(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.deliver()
		app, second, other := w.receives("agent-app", http.StatusOK), w.receives("second-app", http.StatusNoContent), w.receives("code-only", http.StatusOK)
		b, tokens := w.loggedIn(l, "ana")
		if to := b.get(authorizeURL(l, "client_id", "SECOND-app")).location(t); !to.Query().Has("code") {
			t.Fatalf("no single sign-on: %s", to)
		}
		_, _ = w.loggedIn(l, "ana") // another browser of the same person
		sid := text(part(t, text(tokens, "id_token"), 1), "sid")

		b.get(logoutURL(l, "id_token_hint", text(tokens, "id_token")))
		raw := app.token(t)
		header, claims := part(t, raw, 0), part(t, raw, 1)
		if header["typ"] != "logout+jwt" || header["alg"] != "RS256" || header["kid"] == nil {
			t.Errorf("header is %v", header)
		}
		now := float64(w.clock.Now().Unix())
		for name, want := range map[string]any{
			"iss": l.issuer, "aud": "agent-app", "sub": "4711", "sid": sid, "iat": now, "exp": now + 120, "nonce": nil,
		} {
			if claims[name] != want {
				t.Errorf("%s is %v, want %v", name, claims[name], want)
			}
		}
		events, _ := claims["events"].(map[string]any)
		if event, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); len(events) != 1 || !ok || len(event) != 0 || text(claims, "jti") == "" {
			t.Errorf("events are %v, jti %v", claims["events"], claims["jti"])
		}
		if claims := part(t, second.token(t), 1); claims["aud"] != "SECOND-app" || claims["sid"] != sid {
			t.Errorf("second client was told %v", claims)
		}
		w.drained()
		app.quiet(t, "agent-app of the other browser")
		other.quiet(t, "a client that was not reached")
		if got := w.recorded(broker.LogoutDelivered); len(got) != 2 || got[0].Detail["sid"] != sid || got[0].UserID != "4711" {
			t.Errorf("audit log has %v", got)
		}

		// Nobody may take it for another kind of token.
		if a := w.userinfo(l, "Bearer "+raw); a.status != http.StatusUnauthorized {
			t.Errorf("userinfo took a logout token: %d", a.status)
		}
		if w.introspect(l, "api", raw).json(t)["active"] != false {
			t.Error("introspection took a logout token")
		}
		if a := w.browser().get(logoutURL(l, "id_token_hint", raw)); a.status != http.StatusBadRequest {
			t.Errorf("end session took a logout token as hint: %d", a.status)
		}
	})
}

// TestBackchannelRevocation: sessions also end by revocation.
func TestBackchannelRevocation(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	w.deliver()
	app := w.receives("agent-app", http.StatusOK)
	b, _ := w.loggedIn(l, "ana")
	c, _ := w.loggedIn(l, "ana")
	d, _ := w.loggedIn(l, "hege")
	w.must(w.grants.Revoke(t.Context(), grant.KindUser, grant.UserSubject("acme", "4711")))
	for range 2 {
		if claims := part(t, app.token(t), 1); claims["sub"] != "4711" {
			t.Errorf("client was told %v", claims)
		}
	}
	w.drained()
	app.quiet(t, "hege's client")
	if b.hasSession(l) || c.hasSession(l) || !d.hasSession(l) {
		t.Errorf("sessions live: %v and %v of the revoked user, %v of another", b.hasSession(l), c.hasSession(l), d.hasSession(l))
	}
	w.pass(2 * time.Second)
	if q := b.logIn(authorizeURL(l), "ana"); q.Get("code") == "" {
		t.Errorf("the user cannot log in again: %v", q)
	}
}

// TestBackchannelRetries: a client that fails is told again, later, and not for ever; another process
// takes over what one has left.
func TestBackchannelRetries(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	app := w.receives("agent-app", http.StatusBadRequest)
	b, tokens := w.loggedIn(l, "ana")
	b.get(logoutURL(l, "id_token_hint", text(tokens, "id_token"))) // nobody delivers yet
	app.quiet(t, "agent-app")
	seen := map[string]bool{}
	for try := range 7 {
		stop := w.deliver() // a new process each time
		seen[text(part(t, app.token(t), 1), "jti")] = true
		if try == 6 {
			break
		}
		w.awaitLog("a client has not heard of a logout yet", try+1)
		w.pass(time.Second)
		time.Sleep(50 * time.Millisecond)
		app.quiet(t, "agent-app, before its time,")
		stop()
		w.pass(25 * time.Minute)
	}
	w.drained()
	if len(seen) != 7 {
		t.Errorf("%d different tokens in 7 tries", len(seen))
	}
	if got := w.recorded(broker.LogoutFailed); len(got) != 1 || got[0].Reason != "answered status 400" || got[0].Detail["tries"] != "7" {
		t.Errorf("audit log has %v", got)
	}
}

// TestBackchannelSlowReceiver: who does not answer holds up nobody else, and not the person.
func TestBackchannelSlowReceiver(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	hang := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(func() { close(hang); slow.Close() })
	w.change("second-app", func(c *registry.Client) { c.BackchannelLogoutURI = slow.URL })
	app := w.receives("agent-app", http.StatusOK)
	w.deliver()
	started := time.Now()
	for range 12 {
		b, tokens := w.loggedIn(l, "ana")
		b.get(authorizeURL(l, "client_id", "second-app"))
		b.get(logoutURL(l, "id_token_hint", text(tokens, "id_token")))
	}
	for range 12 {
		app.token(t)
	}
	if took := time.Since(started); took > 4*time.Second {
		t.Errorf("the slow client held up the others for %s", took)
	}
}

// TestBackchannelAddresses: what a client registers cannot lead into our own network.
func TestBackchannelAddresses(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	elsewhere := w.receives("second-app", http.StatusOK)
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.server.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	for _, address := range []string{"https://169.254.169.254/latest", "https://[fe80::1]/", "https://0.0.0.0/", redirecting.URL} {
		w.change("agent-app", func(c *registry.Client) { c.BackchannelLogoutURI = address })
		b, tokens := w.loggedIn(l, "ana")
		b.get(logoutURL(l, "id_token_hint", text(tokens, "id_token")))
	}
	w.deliver()
	for deadline := time.Now().Add(20 * time.Second); len(w.recorded(broker.LogoutFailed)) < 4; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("logouts that have failed: %v", w.recorded(broker.LogoutFailed))
		}
		w.pass(25 * time.Minute)
	}
	elsewhere.quiet(t, "the target of a redirect")
}

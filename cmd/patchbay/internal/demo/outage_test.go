package demo

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
)

// While the one server that holds users and state hangs, nothing is consumed, nothing is guessed, and
// the switch is still told what is in memory.
func TestADatabaseThatHangsConsumesNothing(t *testing.T) {
	db := mariadbtest.Start(t)
	d := &demo{dir: t.TempDir(), log: discard}
	main, app := loopback(t), loopback(t)
	base := "http://" + main.Addr().String()
	place := places{App: "http://" + app.Addr().String(), IdP: "http://localhost:1", SAML: nobodysMetadata}
	openOnMariaDB(t, d, base, db.DSN(t))
	t.Cleanup(func() { _ = d.close() })
	if err := d.apply(t.Context(), place, nil); err != nil {
		t.Fatal(err)
	}
	d.facts = d.collect(base, place)
	if err := d.serve(t.Context(), main, app); err != nil {
		t.Fatal(err)
	}
	tr := walkPassword(t, d)
	if _, err := tr.switchRegisters(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting, callback := codeWithoutExchange(t, tr)

	db.Pause(t)
	paused := true
	defer func() {
		if paused {
			db.Resume(t)
		}
	}()
	if _, err := tr.switchRegisters(t.Context()); err != nil {
		t.Errorf("the switch is not told what is in memory: %v", err)
	}
	for name, form := range map[string]url.Values{
		"code":    {"grant_type": {"authorization_code"}, "code": callback["code"], "redirect_uri": {tr.app.oauth.RedirectURL}, "code_verifier": {waiting.verifier}},
		"refresh": {"grant_type": {"refresh_token"}, "refresh_token": {tr.last.RefreshToken}},
	} {
		status, retry := post(t, tr, form)
		if status != http.StatusServiceUnavailable || retry == "" {
			t.Errorf("%s while the database hangs: status %d, Retry-After %q", name, status, retry)
		}
	}
	db.Resume(t)
	paused = false

	if _, err := tr.app.finish(t.Context(), waiting, callback); err != nil {
		t.Errorf("the code was consumed: %v", err)
	}
	if _, err := tr.app.refresh(t.Context(), tr.last.RefreshToken); err != nil {
		t.Errorf("the refresh token was consumed: %v", err)
	}
}

// codeWithoutExchange walks to the application's callback by the session there is.
func codeWithoutExchange(t *testing.T, tr *tourist) (pending, url.Values) {
	t.Helper()
	login := tr.app.begin()
	p, err := tr.agent.open(t.Context(), login.url)
	if err != nil {
		t.Fatal(err)
	}
	callback, err := p.callback()
	if err != nil || callback.Get("code") == "" {
		t.Fatalf("no code: %v, %v", callback, err)
	}
	return login, callback
}

// post sends a form to the token endpoint as agent-app.
func post(t *testing.T, tr *tourist, form url.Values) (status int, retryAfter string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, tr.app.metadata.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(tr.app.oauth.ClientID, tr.app.oauth.ClientSecret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, response.Header.Get("Retry-After")
}

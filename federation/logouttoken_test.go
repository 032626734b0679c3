package federation_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

// logoutOf makes the honest logout token of a session.
func logoutOf(h *hostile) *forgery {
	f := h.forge("")
	f.header["typ"] = "logout+jwt"
	f.claims = map[string]any{
		"iss": h.URL, "aud": "patchbay", "sub": "ana", "sid": "s-1", "jti": "j-1",
		"iat": h.now.Unix(), "exp": h.now.Add(2 * time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	return f
}

func TestOnlyAnHonestLogoutTokenIsBelieved(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	honest := logoutOf(h).token(t)
	said, err := o.VerifyLogout(t.Context(), honest)
	if err != nil || said.Subject != "ana" || !slices.Equal(said.Sessions, []string{"s-1"}) || said.ID != "j-1" {
		t.Fatalf("positive control: %+v, %v", said, err)
	}
	if said.Expires.Before(h.now.Add(time.Hour)) {
		t.Errorf("forgotten at %s, while it is still accepted", said.Expires)
	}
	// It has an audience, an issuer, a signature and a subject: an ID token it is not.
	if who, err := h.run(o, attempt{change: func(f *forgery) { f.tamper = func(string) string { return honest } }}); err == nil {
		t.Errorf("taken for the ID token of %+v", who)
	}
	if who, err := o.VerifyToken(t.Context(), honest); err == nil {
		t.Errorf("taken for a presented ID token of %+v", who)
	}
	at := func(d time.Duration) int64 { return h.now.Add(d).Unix() }
	const event = "http://schemas.openid.net/event/backchannel-logout"
	for _, tc := range []struct {
		name   string
		change func(*forgery)
		want   string // part of the error; empty means that the token is good
	}{
		{"sid alone", without("sub"), ""},
		{"sub alone", without("sid"), ""},
		{"neither", both(without("sub"), without("sid")), "neither sub nor sid"},
		{"typ application/logout+jwt", header("typ", "application/logout+jwt"), ""},
		{"typ JWT, as before the final specification", header("typ", "JWT"), ""},
		{"an access token", header("typ", "at+jwt"), `typ "at+jwt"`},
		{"an ID token", func(f *forgery) { *f = *h.forge("n") }, "events"},
		{"an ID token without nonce", func(f *forgery) { *f = *h.forge(""); delete(f.claims, "nonce") }, "events"},
		{"nonce", claim("nonce", "n"), "nonce has no place"},
		{"nonce null", claim("nonce", nil), "nonce has no place"},
		{"events missing", without("events"), "events"},
		{"events of another kind", claim("events", map[string]any{"https://schemas.openid.net/secevent/risc": map[string]any{}}), "events"},
		{"events is a list", claim("events", []string{event}), "events"},
		{"the event is not an object", claim("events", map[string]any{event: true}), "events"},
		{"jti missing", without("jti"), "jti is missing"},
		{"jti empty", claim("jti", ""), "jti"},
		{"jti is a number", claim("jti", 7), "jti"},
		{"jti huge", claim("jti", strings.Repeat("j", 300)), "jti"},
		{"sid empty", claim("sid", ""), "sid"},
		{"sid is a list", claim("sid", []string{"s-1", "s-2"}), "sid"},
		{"sub empty", claim("sub", ""), "sub has 0 bytes"},
		{"iat missing", without("iat"), "iat is missing"},
		{"iat in the future", claim("iat", at(2*time.Minute)), "in the future"},
		{"iat an hour ago", claim("iat", at(-time.Hour)), ""},
		{"iat of yesterday", claim("iat", at(-24*time.Hour)), "ago"},
		{"exp missing", without("exp"), "expired"},
		{"exp passed", claim("exp", at(-2*time.Minute)), "expired"},
		{"another issuer's", claim("iss", "https://attacker.example"), "attacker.example"},
		{"for another client", claim("aud", "someone-else"), "audience"},
		{"alg none", func(f *forgery) { f.header["alg"] = "none"; f.sign = func(string) []byte { return nil } }, `alg "none"`},
		{"HS256 with the public key", func(f *forgery) { f.header["alg"] = "HS256"; f.sign = h.hs256 }, `alg "HS256"`},
		{"jku", header("jku", "https://attacker.example/keys"), "jku has no place"},
		{"unknown key", header("kid", "k2"), `kid "k2"`},
		{"SID beside sid", member(`"SID":"s-2"`), "misspelt"},
		{"sid twice", member(`"sid":"s-2"`), "duplicate"},
		{"empty", func(f *forgery) { f.tamper = func(string) string { return "" } }, "missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := logoutOf(h)
			tc.change(f)
			said, err := h.open(nil).VerifyLogout(t.Context(), f.token(t))
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error is %v, want %q (notice %+v)", err, tc.want, said)
			case errors.Is(err, federation.ErrUnreachable):
				t.Errorf("says that the IdP is down: %v", err)
			}
		})
	}
	down := h.open(func(c *federation.Config) { c.Timeout = time.Second })
	h.Close()
	if _, err := down.VerifyLogout(t.Context(), honest); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("without keys: %v", err)
	}
}

func TestFrontLogout(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	if said, err := o.FrontLogout(h.URL, "s-1"); err != nil || said.Subject != "" || !slices.Equal(said.Sessions, []string{"s-1"}) || said.ID != "" {
		t.Fatalf("positive control: %+v, %v", said, err)
	}
	for name, row := range map[string][2]string{
		"another issuer": {"https://attacker.example", "s-1"}, "no issuer": {"", "s-1"}, "a slash": {h.URL + "/", "s-1"},
		"no session": {h.URL, ""}, "a huge session": {h.URL, strings.Repeat("s", 300)},
	} {
		if said, err := o.FrontLogout(row[0], row[1]); err == nil {
			t.Errorf("%s: %+v", name, said)
		}
	}
}

func TestTheLogoutRequest(t *testing.T) {
	h := newHostile(t)
	ask := func() federation.Started {
		t.Helper()
		started, err := h.open(nil).Logout(t.Context(), federation.LogoutRequest{
			Hint: []byte("the.id.token"), ReturnURI: "https://sso.example/login/acme/corp/logged-out", State: "s&t", UILocales: []string{"nb"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return started
	}
	if started := ask(); started.URL != "" {
		t.Errorf("an IdP without an address for that: %s", started.URL)
	}
	h.doc["end_session_endpoint"] = h.URL + "/end?tenant=acme"
	u, err := url.Parse(ask().URL)
	if err != nil || !strings.HasPrefix(u.String(), h.URL+"/end?") {
		t.Fatalf("%s, %v", u, err)
	}
	for name, want := range map[string]string{
		"tenant": "acme", "client_id": "patchbay", "id_token_hint": "the.id.token", "state": "s&t", "ui_locales": "nb",
		"post_logout_redirect_uri": "https://sso.example/login/acme/corp/logged-out",
	} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	h.doc["end_session_endpoint"] = "javascript:alert(1)"
	if _, err := h.open(nil).Logout(t.Context(), federation.LogoutRequest{}); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("an address that runs: %v", err)
	}
}

package federation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/federation"
)

var _ broker.AccessVerifier = (*federation.OIDC)(nil)

const crmAPI = "https://crm.acme.example"

// access is an honest access token of RFC 9068; rows of a table make it less so.
func (h *hostile) access() *forgery {
	f := h.forge("")
	delete(f.claims, "nonce")
	f.header["typ"] = "at+jwt"
	f.claims["aud"], f.claims["client_id"], f.claims["scope"], f.claims["jti"] = crmAPI, "crm-spa", "calls", "t-1"
	return f
}

// TestAccessTokens: an access token counts if it is for an API that stands behind patchbay, and says so.
func TestAccessTokens(t *testing.T) {
	h := newHostile(t)
	strict := h.open(func(c *federation.Config) {
		c.Access = federation.AccessTokens{Audiences: []string{crmAPI, "https://wiki.example"}}
	})
	plain := h.open(func(c *federation.Config) {
		c.Access = federation.AccessTokens{Audiences: []string{crmAPI}, Type: federation.PlainJWT}
	})
	none := h.open(nil)
	who, expires, err := strict.VerifyAccess(t.Context(), h.access().token(t))
	if err != nil || who.Subject != "ana" || who.ExternalID != "ana" || !expires.Equal(h.now.Add(5*time.Minute)) {
		t.Fatalf("positive control: %+v until %s, %v", who, expires, err)
	}
	at := func(d time.Duration) int64 { return h.now.Add(d).Unix() }
	typ := func(name string) func(*forgery) { return header("typ", name) }
	for _, tc := range []struct {
		name   string
		at     *federation.OIDC
		change func(*forgery)
		want   string // part of the error; empty means that the token is good
	}{
		{"typ in full", strict, typ("application/AT+JWT"), ""},
		{"one of several audiences", strict, claim("aud", []string{"https://other.example", "https://wiki.example"}), ""},
		{"plain JWT where that is said", plain, typ("JWT"), ""},
		{"plain JWT of another application", plain, func(f *forgery) { f.header["typ"], f.claims["azp"] = "JWT", "crm-spa" }, ""},

		{"where none count", none, nil, "no access_tokens.audiences"},
		{"plain JWT", strict, typ("JWT"), `typ "JWT"`},
		{"no typ", strict, func(f *forgery) { delete(f.header, "typ") }, "typ"},
		{"at+jwt where JWT is said", plain, nil, `typ "at+jwt"`},
		{"logout token", plain, func(f *forgery) { f.header["typ"], f.claims["events"] = "JWT", map[string]any{} }, "events"},
		{"for another API", strict, claim("aud", "https://elsewhere.example"), "aud"},
		{"for an API with a slash", strict, claim("aud", crmAPI+"/"), "aud"},
		{"for nobody", strict, without("aud"), "aud"},
		{"an ID token", plain, func(f *forgery) { f.header["typ"], f.claims["aud"] = "JWT", "patchbay" }, "aud"},
		{"an ID token for the API too", plain, func(f *forgery) { f.header["typ"], f.claims["aud"] = "JWT", []string{crmAPI, "patchbay"} }, "client id"},
		{"with a nonce", strict, claim("nonce", "n"), "nonce"},
		{"with an at_hash", strict, claim("at_hash", "x"), "at_hash"},
		{"bound to a key", strict, claim("cnf", map[string]any{"jkt": "x"}), "cnf"},
		{"an application's own", strict, claim("sub", "crm-spa"), "nobody has logged in"},
		{"an application's own, by azp", strict, func(f *forgery) { f.claims["sub"], f.claims["azp"] = "job", "job" }, "nobody has logged in"},
		{"of another issuer", strict, claim("iss", "https://elsewhere.example"), "iss"},
		{"expired", strict, claim("exp", at(-time.Hour)), "expired"},
		{"without an end", strict, without("exp"), "exp"},
		{"of the future", strict, claim("iat", at(time.Hour)), "iat"},
		{"not yet", strict, claim("nbf", at(time.Hour)), "nbf"},
		{"days old", strict, claim("iat", at(-48*time.Hour)), "iat"},
		{"no sub", strict, without("sub"), "sub"},
		{"alg none", strict, func(f *forgery) { f.header["alg"] = "none"; f.sign = func(string) []byte { return nil } }, `alg "none"`},
		{"HS256 with the public key", strict, func(f *forgery) { f.header["alg"] = "HS256"; f.sign = h.hs256 }, `alg "HS256"`},
		{"a key of its own", strict, header("jku", "https://evil.example/keys"), "jku"},
		{"tampered", strict, func(f *forgery) { f.tamper = func(raw string) string { return raw[:len(raw)-6] + "AAAAAA" } }, "signature"},
		{"a second aud", strict, member(`"aud":"` + crmAPI + `"`), "duplicate"},
		{"a misspelt sub", strict, member(`"SUB":"eva"`), "misspelt"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := h.access()
			if tc.change != nil {
				tc.change(f)
			}
			who, _, err := tc.at.VerifyAccess(t.Context(), f.token(t))
			switch {
			case tc.want == "" && (err != nil || who.Subject != "ana"):
				t.Errorf("refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error is %v, want %q", err, tc.want)
			}
		})
	}
	if _, _, err := strict.VerifyAccess(t.Context(), "3b7c1d20-opaque"); err == nil {
		t.Error("an opaque token is taken")
	}
	fresh := h.open(func(c *federation.Config) {
		c.Access, c.Timeout = federation.AccessTokens{Audiences: []string{crmAPI}}, time.Second
	})
	raw := h.access().token(t)
	h.Close()
	if _, _, err := fresh.VerifyAccess(t.Context(), raw); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("an IdP that is down: %v", err)
	}
}

func TestAccessTokensConfigured(t *testing.T) {
	for name, a := range map[string]federation.AccessTokens{
		"ID tokens' audience": {Audiences: []string{crmAPI, "patchbay"}}, "another type": {Audiences: []string{crmAPI}, Type: "id+jwt"},
	} {
		_, err := federation.Open(federation.Config{Connection: "corp", Issuer: "https://idp.example", ClientID: "patchbay", Access: a})
		if err == nil || !strings.Contains(err.Error(), "access_tokens.") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package federation_test

import (
	"strings"
	"testing"
	"time"
)

// TestPresentedTokens: an ID token that a client presents is judged like one of a login, except for what
// only a login can say.
func TestPresentedTokens(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	present := func(change func(*forgery)) (string, error) {
		f := h.forge("some other login's")
		if change != nil {
			change(f)
		}
		who, err := o.VerifyToken(t.Context(), f.token(t))
		return who.Subject, err
	}
	if who, err := present(nil); err != nil || who != "ana" {
		t.Fatalf("positive control: %s, %v", who, err)
	}
	at := func(d time.Duration) int64 { return h.now.Add(d).Unix() }
	for _, tc := range []struct {
		name   string
		change func(*forgery)
		want   string // part of the error; empty means that the token is good
	}{
		{"no nonce", without("nonce"), ""},
		{"hours old", claim("iat", at(-23*time.Hour)), ""},

		{"access token", header("typ", "at+jwt"), `typ "at+jwt"`},
		{"ID token of another client", claim("azp", "other"), "azp other"},
		{"logout token", header("typ", "logout+jwt"), `typ "logout+jwt"`},
		{"logout token without a typ", claim("events", map[string]any{}), "events"},
		{"for another audience", claim("aud", "other"), "audience"},
		{"of another issuer", claim("iss", "https://elsewhere.example"), "different provider"},
		{"expired", claim("exp", at(-time.Hour)), "expired"},
		{"days old", claim("iat", at(-48*time.Hour)), "iat"},
		{"no sub", without("sub"), "sub"},
		{"alg none", func(f *forgery) { f.header["alg"] = "none"; f.sign = func(string) []byte { return nil } }, `alg "none"`},
		{"HS256 with the public key", func(f *forgery) { f.header["alg"] = "HS256"; f.sign = h.hs256 }, `alg "HS256"`},
		{"a second sub", member(`"sub":"eva"`), "duplicate"},
		{"a misspelt sub", member(`"SUB":"eva"`), "misspelt"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			who, err := present(tc.change)
			switch {
			case tc.want == "" && (err != nil || who != "ana"):
				t.Errorf("refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error is %v, want %q", err, tc.want)
			}
		})
	}
}

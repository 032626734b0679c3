package provider_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

const signedMedia = "application/token-introspection+jwt"

// introspectAs asks with an Accept header.
func (w *world) introspectAs(l layout, caller, token, accept string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, l.introspect, strings.NewReader(url.Values{"token": {token}}.Encode()))
	w.must(err)
	r.Header.Set("Content-Type", formMedia)
	r.Header.Set("Accept", accept)
	r.SetBasicAuth(caller, strong(caller))
	return read(w.t, w.server.Client(), r)
}

// open verifies a JWT against the published keys and returns its header and claims.
func (w *world) open(l layout, raw string) (jose.Header, map[string]any) {
	w.t.Helper()
	var set jose.JSONWebKeySet
	w.must(json.Unmarshal([]byte(w.browser().get(l.jwks).body), &set))
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	w.must(err)
	payload, err := jws.Verify(set.Key(jws.Signatures[0].Header.KeyID)[0])
	w.must(err)
	var claims map[string]any
	w.must(json.Unmarshal(payload, &claims))
	return jws.Signatures[0].Header, claims
}

// TestSignedIntrospection: a signed answer says what the unsigned one does, to whom and by whom
// (RFC 9701 §5).
func TestSignedIntrospection(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.change("api", func(c *registry.Client) { c.IDTokenSigningAlg = "ES256" })
		access := text(w.issue(l, "ana"), "access_token")
		for caller, alg := range map[string]string{"api": "ES256", "sbc": "RS256"} {
			for _, shown := range []string{access, "garbage"} {
				want := w.introspect(l, caller, shown).json(t)
				a := w.introspectAs(l, caller, shown, signedMedia)
				if a.status != http.StatusOK || a.header.Get("Content-Type") != signedMedia || a.header.Get("Cache-Control") != "no-store" {
					t.Fatalf("%s: %d %v", caller, a.status, a.header)
				}
				head, claims := w.open(l, a.body)
				if head.Algorithm != alg || head.ExtraHeaders[jose.HeaderType] != "token-introspection+jwt" {
					t.Errorf("%s: header %v", caller, head)
				}
				if claims["iss"] != l.issuer || claims["aud"] != caller || claims["iat"] != float64(w.clock.Now().Unix()) || len(claims) != 4 {
					t.Errorf("%s: claims %v", caller, claims)
				}
				if !reflect.DeepEqual(claims["token_introspection"], any(want)) {
					t.Errorf("%s: signed %v, want %v", caller, claims["token_introspection"], want)
				}
			}
		}
	})
}

// TestSignedAnswerIsNoToken: nobody can use what they were told as a token.
func TestSignedAnswerIsNoToken(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		if a := w.userinfo(l, "Bearer "+access); a.status != http.StatusOK {
			t.Fatalf("control: %d %s", a.status, a.body)
		}
		signed := w.introspectAs(l, "api", access, signedMedia).body
		if a := w.introspect(l, "api", signed); strings.TrimSpace(a.body) != inactive {
			t.Errorf("introspection: %s", a.body)
		}
		if a := w.userinfo(l, "Bearer "+signed); a.status != http.StatusUnauthorized {
			t.Errorf("userinfo: %d %s", a.status, a.body)
		}
	})
}

// TestAccept: the signed answer is for those who ask for it by name.
func TestAccept(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	access := text(w.issue(l, "ana"), "access_token")
	for accept, signed := range map[string]bool{
		signedMedia: true, "Application/Token-Introspection+JWT": true, "application/json, " + signedMedia + ";q=0.5": true,
		"*/*": false, "application/json": false, "application/*": false, signedMedia + ";q=0": false, "": false,
		signedMedia + "x": false, "x;p=\"" + signedMedia + "\"": false,
	} {
		a := w.introspectAs(l, "api", access, accept)
		if got := a.header.Get("Content-Type") == signedMedia; a.status != http.StatusOK || got != signed {
			t.Errorf("Accept %q: %d, signed %v", accept, a.status, got)
		}
	}
	if a := w.introspectAs(l, "second-app", access, signedMedia); a.status != http.StatusForbidden || text(a.json(t), "error") != "access_denied" {
		t.Errorf("a refusal: %d %s", a.status, a.body)
	}
	listed, _ := w.browser().get(l.issuer + "/.well-known/openid-configuration").json(t)["introspection_signing_alg_values_supported"].([]any)
	if !slices.Contains(listed, any("RS256")) || !slices.Contains(listed, any("ES256")) {
		t.Errorf("discovery lists %v", listed)
	}
}

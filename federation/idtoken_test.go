package federation_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

func claim(name string, value any) func(*forgery) {
	return func(f *forgery) { f.claims[name] = value }
}

func without(name string) func(*forgery) {
	return func(f *forgery) { delete(f.claims, name) }
}

func header(name string, value any) func(*forgery) {
	return func(f *forgery) { f.header[name] = value }
}

// member adds raw JSON after the claims, as an attacker who controls one claim's text would.
func member(text string) func(*forgery) {
	return func(f *forgery) {
		f.payload = func(s string) string { return strings.TrimSuffix(s, "}") + "," + text + "}" }
	}
}

func both(a, b func(*forgery)) func(*forgery) { return func(f *forgery) { a(f); b(f) } }

func TestOnlyAnHonestIDTokenIsBelieved(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	if who, err := h.run(o, attempt{}); err != nil || who.Subject != "ana" || who.Email != "ana@acme.example" {
		t.Fatalf("positive control: %+v, %v", who, err)
	}
	earlier, _ := h.answer["id_token"].(string) // it was good a moment ago, and has not expired
	mallory := newMallory(t)
	at := func(d time.Duration) int64 { return h.now.Add(d).Unix() }
	for _, tc := range []struct {
		name   string
		change func(*forgery)
		// want is part of the error; empty means that the token is good.
		want string
	}{
		// Signature and header.
		{"alg none", func(f *forgery) { f.header["alg"] = "none"; f.sign = func(string) []byte { return nil } }, `alg "none"`},
		{"alg None", func(f *forgery) { f.header["alg"] = "None"; f.sign = func(string) []byte { return nil } }, `alg "None"`},
		{"HS256 with the public key", func(f *forgery) { f.header["alg"] = "HS256"; f.sign = h.hs256 }, `alg "HS256"`},
		{"RS256 in the header, HMAC in the signature", func(f *forgery) { f.sign = h.hs256 }, "no key of the identity provider"},
		{"an algorithm the IdP does not use", header("alg", "PS256"), `alg "PS256"`},
		{"no alg", func(f *forgery) { delete(f.header, "alg") }, `alg ""`},
		{"another's key with the id of ours", mallory.sign, "no key of the identity provider"},
		{"another's key without an id", both(mallory.sign, func(f *forgery) { delete(f.header, "kid") }), "no key of the identity provider"},
		{"another's key in the header", both(mallory.sign, header("jwk", mallory.public())), "jwk has no place"},
		{"jwk in the header", header("jwk", map[string]any{"kty": "RSA"}), "jwk has no place"},
		{"jku in the header", header("jku", "https://attacker.example/keys"), "jku has no place"},
		{"x5u in the header", header("x5u", "https://attacker.example/cert"), "x5u has no place"},
		{"x5c in the header", header("x5c", []string{"MIIB"}), "x5c has no place"},
		{"unknown crit", func(f *forgery) { f.header["crit"] = []string{"exp"}; f.header["exp"] = 1 }, "crit has no place"},
		{"unencoded payload", header("b64", false), "b64 has no place"},
		{"access token", header("typ", "at+jwt"), `typ "at+jwt"`},
		{"logout token", header("typ", "logout+jwt"), `typ "logout+jwt"`},
		{"typ is not a string", header("typ", 7), `typ "7"`},
		{"no typ", func(f *forgery) { delete(f.header, "typ") }, ""},
		{"no kid", func(f *forgery) { delete(f.header, "kid") }, ""},
		{"unknown kid", header("kid", "k2"), `kid "k2"`},
		{"tampered payload", func(f *forgery) {
			f.tamper = func(s string) string { i := strings.Index(s, ".") + 9; return s[:i] + flip(s[i]) + s[i+1:] }
		}, "no key of the identity provider"},
		{"tampered signature", func(f *forgery) {
			f.tamper = func(s string) string { i := len(s) - 9; return s[:i] + flip(s[i]) + s[i+1:] }
		}, "no key of the identity provider"},
		{"truncated", func(f *forgery) { f.tamper = func(s string) string { return s[:strings.LastIndex(s, ".")] } }, "compact JWS"},
		{"empty", func(f *forgery) { f.tamper = func(string) string { return "" } }, "missing"},
		{"huge", claim("pad", strings.Repeat("x", 70<<10)), "bytes are too many"},

		// Parties.
		{"other issuer", claim("iss", "https://attacker.example"), "attacker.example"},
		{"issuer with a trailing slash", claim("iss", h.URL+"/"), "different provider"},
		{"other audience", claim("aud", "someone-else"), "audience"},
		{"our id in another case", claim("aud", "Patchbay"), "audience"},
		{"audience missing", without("aud"), "audience"},
		{"several audiences, no azp", claim("aud", []string{"patchbay", "b"}), "azp is missing"},
		{"several audiences, azp ours", both(claim("aud", []string{"b", "patchbay"}), claim("azp", "patchbay")), ""},
		{"several audiences, azp not ours", both(claim("aud", []string{"b", "patchbay"}), claim("azp", "b")), "azp b"},
		{"one audience, azp not ours", claim("azp", "b"), "azp b"},
		{"azp is not a string", claim("azp", []string{"patchbay"}), "azp [patchbay]"},

		// Subject.
		{"sub missing", without("sub"), "sub has 0 bytes"},
		{"sub empty", claim("sub", ""), "sub has 0 bytes"},
		{"sub of 255", claim("sub", strings.Repeat("s", 255)), ""},
		{"sub of 300", claim("sub", strings.Repeat("s", 300)), "sub has 300 bytes"},
		{"sub not ASCII", claim("sub", "anä"), "not printable ASCII"},
		{"sub with NUL", claim("sub", "ana\x00"), "not printable ASCII"},
		{"sub is a number", claim("sub", 7), "cannot unmarshal"},

		// Nonce.
		{"nonce missing", without("nonce"), "nonce"},
		{"nonce empty", claim("nonce", ""), "nonce"},
		{"nonce of another login", claim("nonce", "JBSWY3DPEHPK3PXP"), "nonce"},
		{"the ID token of the login before", func(f *forgery) { f.tamper = func(string) string { return earlier } }, "nonce"},
		{"a logout token's events", claim("events", map[string]any{}), "events has no place"},

		// Times. The skew is one minute.
		{"exp missing", without("exp"), "expired"},
		{"exp just now", claim("exp", at(-59*time.Second)), ""},
		{"exp passed", claim("exp", at(-61*time.Second)), "expired"},
		{"exp is text", claim("exp", "tomorrow"), "unmarshal"},
		{"iat missing", without("iat"), "iat is missing"},
		{"iat a little ahead", claim("iat", at(59*time.Second)), ""},
		{"iat in the future", claim("iat", at(2*time.Minute)), "iat 2026-03-01T12:02:00Z is in the future"},
		{"iat ancient", claim("iat", at(-24*time.Hour)), "before the login began"},
		{"iat with a fraction", claim("iat", float64(at(0))+0.5), ""},
		{"nbf now", claim("nbf", at(0)), ""},
		{"nbf in the future", claim("nbf", at(2*time.Minute)), "nbf 2026-03-01T12:02:00Z is in the future"},
		{"auth_time in the future", claim("auth_time", at(2*time.Minute)), "auth_time"},

		// The same thing said twice.
		{"SUB after sub", member(`"SUB":"bob"`), `"SUB" is a misspelt "sub"`},
		{"a long s in sub", member(`"ſub":"bob"`), "is a misspelt"},
		{"sub twice", member(`"sub":"bob"`), `duplicate member "sub"`},
		{"iss twice", member(`"iss":"https://attacker.example"`), "attacker.example"},
		{"iss twice, the right one last", func(f *forgery) {
			f.payload = func(s string) string { return `{"iss":"https://attacker.example",` + s[1:] }
		}, `duplicate member "iss"`},
		{"a duplicate deep inside", member(`"x":[{"y":1,"y":2}]`), `duplicate member "y"`},
		{"nested deep", member(`"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20)), "nested"},
		{"not UTF-8", member("\"x\":\"\xff\""), "not UTF-8"},
		{"a claim of another name in capitals", member(`"Department":"x"`), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			who, err := h.run(h.open(nil), attempt{change: tc.change})
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("error is %v, want %q (identity %+v)", err, tc.want, who)
			case errors.Is(err, federation.ErrUnreachable):
				t.Errorf("says that the IdP is down: %v", err)
			}
		})
	}
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func TestMaxAgeIsHeldAgainstTheIdP(t *testing.T) {
	h := newHostile(t)
	at := func(d time.Duration) int64 { return h.now.Add(d).Unix() }
	for _, tc := range []struct {
		name   string
		change func(*forgery)
		want   string
	}{
		{"positive control", claim("auth_time", at(-5*time.Minute)), ""},
		{"within the skew", claim("auth_time", at(-10*time.Minute-59*time.Second)), ""},
		{"stale", claim("auth_time", at(-12*time.Minute)), "older than the max_age of 600 s"},
		{"missing", nil, "auth_time is missing"},
		{"text", claim("auth_time", "now"), "auth_time now is not a number"},
	} {
		_, err := h.run(h.open(nil), attempt{maxAge: 10 * time.Minute, change: tc.change})
		switch {
		case tc.want == "" && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: error is %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestPromptLoginIsHeldAgainstTheIdP(t *testing.T) {
	h := newHostile(t)
	at := func(d time.Duration) int64 { return h.now.Add(d).Unix() }
	for _, tc := range []struct {
		name, prompt string
		change       func(*forgery)
		want         string
	}{
		{"positive control: a new login", "login", claim("auth_time", at(0)), ""},
		{"within the skew", "login", claim("auth_time", at(-59*time.Second)), ""},
		{"it need not say", "login", nil, ""},
		{"nobody asked for a new one", "", claim("auth_time", at(-time.Hour)), ""},
		{"the login of this morning", "login", claim("auth_time", at(-2*time.Minute)), "before the login that was asked for with prompt=login"},
	} {
		_, err := h.run(h.open(nil), attempt{prompt: tc.prompt, change: tc.change})
		switch {
		case tc.want == "" && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: error is %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestAnAccessTokenIsTheOneTheIDTokenNames(t *testing.T) {
	h := newHostile(t)
	// The left half of SHA-256("at"), and of something else.
	if _, err := h.run(h.open(nil), attempt{change: claim("at_hash", "Mk3PAn3UowqTLEQfNlol6A")}); err == nil || !strings.Contains(err.Error(), "at_hash") {
		t.Errorf("wrong at_hash: %v", err)
	}
	if _, err := h.run(h.open(nil), attempt{change: claim("at_hash", leftHalf("at"))}); err != nil {
		t.Errorf("right at_hash: %v", err)
	}
}

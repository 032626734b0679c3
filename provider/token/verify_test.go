package token_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

const goodHeader = `{"alg":"ES256","typ":"at+jwt","kid":"KID"}`

// refusals are strings that are no access token of ours, by name.
func refusals(t testing.TB, b *bench) map[string]string {
	t.Helper()
	raw, _ := b.mint(t, access(time.Hour), person())
	plain, _ := b.mint(t, token.Signing{Algorithm: keyring.ES256, Type: token.PlainJWT, Lifetime: time.Hour}, person())
	id, _ := b.mintID(t, access(time.Hour), identity(), token.Beside{AccessToken: raw})
	bare, _ := b.mintID(t, access(time.Hour), token.ID{Issuer: shared, Subject: "4711", ClientID: "agent-app"}, token.Beside{})
	payload := part(t, raw, 1)
	parts := strings.Split(raw, ".")
	swap := func(old, new string) string {
		changed := strings.Replace(payload, old, new, 1)
		if changed == payload {
			t.Fatalf("payload has no %s: %s", old, payload)
		}
		return changed
	}
	forge := func(header, payload string) string { return b.forge(t, keyring.Shared, keyring.ES256, header, payload) }
	kid := members(t, part(t, raw, 0))["kid"].(string)
	plainSignature := strings.Split(plain, ".")[2]

	list := map[string]string{
		"empty": "", "dots": "..", "one part": parts[0], "two parts": parts[0] + "." + parts[1],
		"four parts": raw + ".", "five parts (JWE)": raw + ".a.b", "no signature": parts[0] + "." + parts[1] + ".",
		"truncated": raw[:len(raw)-1], "signature of another token": parts[0] + "." + parts[1] + "." + plainSignature,
		"padded": raw + "=", "space before": " " + raw, "space after": raw + " ", "line break inside": raw[:len(raw)-4] + "\n" + raw[len(raw)-4:],
		"carriage return in the header": parts[0][:4] + "\r" + raw[4:], "NUL after": raw + "\x00", "too long": raw + strings.Repeat("A", 16<<10),
		"stray bits in the last character": raw[:len(raw)-1] + nextLetter(raw[len(raw)-1]),

		"alg none":             encode(`{"alg":"none","typ":"at+jwt","kid":"`+kid+`"}`) + "." + parts[1] + ".",
		"alg None":             forge(`{"alg":"None","typ":"at+jwt","kid":"KID"}`, payload),
		"alg RS256, an EC key": forge(`{"alg":"RS256","typ":"at+jwt","kid":"KID"}`, payload),
		"alg es256":            forge(`{"alg":"es256","typ":"at+jwt","kid":"KID"}`, payload),
		"no alg":               forge(`{"typ":"at+jwt","kid":"KID"}`, payload),
		"no kid":               forge(`{"alg":"ES256","typ":"at+jwt"}`, payload),
		"unknown kid":          forge(`{"alg":"ES256","typ":"at+jwt","kid":"x"}`, payload),
		"crit":                 forge(`{"alg":"ES256","typ":"at+jwt","kid":"KID","crit":["b64"],"b64":true}`, payload),
		"jwk":                  forge(`{"alg":"ES256","typ":"at+jwt","kid":"KID","jwk":{}}`, payload),
		"jku":                  forge(`{"alg":"ES256","typ":"at+jwt","kid":"KID","jku":"https://evil.example/"}`, payload),
		"alg twice":            forge(`{"alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"KID"}`, payload),
		"kid a number":         forge(`{"alg":"ES256","typ":"at+jwt","kid":1}`, payload),
		"header an array":      forge(`["ES256"]`, payload),
		"header null":          forge(`null`, payload),
		"ALG after alg":        forge(`{"alg":"ES256","ALG":"none","typ":"at+jwt","kid":"KID"}`, payload),

		"no typ":                 forge(`{"alg":"ES256","kid":"KID"}`, payload),
		"a logout token":         forge(`{"alg":"ES256","typ":"logout+jwt","kid":"KID"}`, payload),
		"a logout token, as JWT": forge(`{"alg":"ES256","typ":"JWT","kid":"KID"}`, swap(`"jti"`, `"events":{"http://schemas.openid.net/event/backchannel-logout":{}},"jti"`)),
		"an ID token":            id, "an ID token without nonce and at_hash": bare,
		"an ID token, as at+jwt":    forge(goodHeader, part(t, id, 1)),
		"nonce":                     forge(goodHeader, swap(`"jti"`, `"nonce":"x","jti"`)),
		"at_hash":                   forge(goodHeader, swap(`"jti"`, `"at_hash":"x","jti"`)),
		"no jti":                    forge(goodHeader, swap(`"jti"`, `"ignored"`)),
		"no gid":                    forge(goodHeader, swap(`"gid"`, `"ignored"`)),
		"no client_id":              forge(goodHeader, swap(`"client_id"`, `"ignored"`)),
		"no exp":                    forge(goodHeader, swap(`"exp"`, `"ignored"`)),
		"no iat":                    forge(goodHeader, swap(`"iat"`, `"ignored"`)),
		"no tenant":                 forge(goodHeader, swap(`"tenant"`, `"ignored"`)),
		"SUB for sub":               forge(goodHeader, swap(`"sub"`, `"SUB"`)),
		"empty sub":                 forge(goodHeader, swap(`"sub":"4711"`, `"sub":""`)),
		"sub a number":              forge(goodHeader, swap(`"sub":"4711"`, `"sub":4711`)),
		"sub_type of nobody":        forge(goodHeader, swap(`"sub_type":"user"`, `"sub_type":"admin"`)),
		"no aud":                    forge(goodHeader, swap(`"aud":[`, `"ignored":[`)),
		"aud empty":                 forge(goodHeader, swap(`"aud":[`, `"aud":[],"ignored":[`)),
		"SUB beside sub":            forge(goodHeader, swap(`"jti"`, `"SUB":"1","jti"`)),
		"azp":                       forge(goodHeader, swap(`"jti"`, `"azp":"x","jti"`)),
		"active":                    forge(goodHeader, swap(`"jti"`, `"active":true,"jti"`)),
		"aud a string":              forge(goodHeader, swap(`"aud":[`, `"aud":"x","ignored":[`)),
		"exp a string":              forge(goodHeader, swap(`"exp":`, `"exp":"9999999999","ignored":`)),
		"exp out of range":          forge(goodHeader, swap(`"exp":`, `"exp":1e300,"ignored":`)),
		"exp a fraction":            forge(goodHeader, swap(`"exp":`, `"exp":9999999999.5,"ignored":`)),
		"iss twice":                 forge(goodHeader, swap(`"iss"`, `"iss":"https://evil.example","iss"`)),
		"a member twice, deep":      forge(goodHeader, swap(`"jti"`, `"address":{"a":1,"a":2},"jti"`)),
		"two objects":               forge(goodHeader, payload+payload),
		"payload null":              forge(goodHeader, "null"),
		"another issuer":            forge(goodHeader, swap(shared+`","sub"`, `https://evil.example","sub"`)),
		"issuer with a slash":       forge(goodHeader, swap(shared+`","sub"`, shared+`/","sub"`)),
		"our issuer, a realm's key": b.forge(t, keyring.Realm("acme"), keyring.ES256, goodHeader, payload),
	}
	for name, secret := range publicSecrets(t, b) {
		input := encode(`{"alg":"HS256","typ":"at+jwt","kid":"`+kid+`"}`) + "." + parts[1]
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		list["HS256 with the public key as "+name] = input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return list
}

// nextLetter returns a base64url letter that decodes to the same bytes at the end of a 64-byte
// signature, whose last letter carries 4 bits that must be zero.
func nextLetter(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)+1])
}

// publicSecrets are the forms of a public key that a confused verifier would take for an HMAC secret.
func publicSecrets(t testing.TB, b *bench) map[string][]byte {
	t.Helper()
	rendered, err := b.keys.KeySet(keyring.Shared)
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(rendered, &set); err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{"JWKS": rendered}
	for _, key := range set.Keys {
		der, err := x509.MarshalPKIXPublicKey(key.Key)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := key.Thumbprint(crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		secrets["DER of "+key.Algorithm] = der
		secrets["PEM of "+key.Algorithm] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		secrets["thumbprint of "+key.Algorithm] = sum
	}
	return secrets
}

func TestOnlyOurAccessTokensAreAccessTokens(t *testing.T) {
	b := newBench(t)
	for _, typ := range []token.Type{token.AccessJWT, token.PlainJWT} {
		raw, _ := b.mint(t, token.Signing{Algorithm: keyring.ES256, Type: typ, Lifetime: time.Hour}, person())
		if _, err := b.VerifyAccess(t.Context(), raw); err != nil {
			t.Fatalf("control, %s: %v", typ, err)
		}
		// What forge signs is accepted when it is right: its refusals are not refusals of forge.
		forged := b.forge(t, keyring.Shared, keyring.ES256, goodHeader, part(t, raw, 1))
		if _, err := b.VerifyAccess(t.Context(), forged); err != nil {
			t.Fatalf("control, forged %s: %v", typ, err)
		}
	}
	for name, raw := range refusals(t, b) {
		a, err := b.VerifyAccess(t.Context(), raw)
		if a.Subject != "" || a.Claims != nil {
			t.Errorf("%s: content beside an error: %+v", name, a)
		}
		if !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
		if raw != "" && err != nil && strings.Contains(err.Error(), raw) {
			t.Errorf("%s: the error quotes the token", name)
		}
	}
}

func TestEveryFlippedBitIsSeen(t *testing.T) {
	b := newBench(t)
	raw, _ := b.mint(t, access(time.Hour), person())
	if _, err := b.VerifyAccess(t.Context(), raw); err != nil {
		t.Fatalf("control: %v", err)
	}
	for i := range len(raw) {
		changed := []byte(raw)
		changed[i] ^= 1 << (i % 7)
		if _, err := b.VerifyAccess(t.Context(), string(changed)); !errors.Is(err, token.ErrInvalid) {
			t.Fatalf("byte %d of %d, bit %d: %v, want ErrInvalid", i, len(raw), i%7, err)
		}
	}
}

func TestTimeIsJudgedByOurClock(t *testing.T) {
	b := newBench(t)
	raw, minted := b.mint(t, access(time.Minute), person())
	for _, tc := range []struct {
		name string
		now  time.Time
		good bool
	}{
		{"when minted (control)", start, true},
		{"at its last moment", minted.Expires.Add(-time.Microsecond), true},
		{"expired", minted.Expires, false},
		{"on a replica whose clock lags by 10 s", minted.IssuedAt.Add(-10 * time.Second), true},
		{"before its time", minted.IssuedAt.Add(-11 * time.Second), false},
	} {
		b.now = tc.now
		if _, err := b.VerifyAccess(t.Context(), raw); (err == nil) != tc.good || err != nil && !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v, want good %v", tc.name, err, tc.good)
		}
		if err := b.CheckAccess(t.Context(), minted); (err == nil) != tc.good || err != nil && !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s, checked again: %v, want good %v", tc.name, err, tc.good)
		}
	}
}

func TestAKeyThatLeftTheJWKSVerifiesHintsOnly(t *testing.T) {
	b := newBench(t)
	raw, minted := b.mint(t, access(72*time.Hour), person())
	id, _ := b.mintID(t, access(time.Minute), identity(), token.Beside{})
	if _, err := b.keys.Announce(t.Context(), keyring.Shared, ""); err != nil { // retires the key in 24 hours
		t.Fatal(err)
	}
	b.now = start.Add(49*time.Hour - time.Minute)
	if err := b.CheckAccess(t.Context(), minted); err != nil {
		t.Fatalf("control: %v", err)
	}
	b.now = start.Add(49 * time.Hour)
	if _, err := b.VerifyAccess(t.Context(), raw); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("access token: %v, want ErrInvalid", err)
	}
	if err := b.CheckAccess(t.Context(), minted); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("access token, checked again: %v, want ErrInvalid", err)
	}
	if _, err := b.VerifyHint(t.Context(), id); err != nil {
		t.Errorf("expired hint of a retired key: %v", err)
	}
	b.now = start.Add(24*time.Hour + 12*time.Hour + 30*24*time.Hour)
	if _, err := b.VerifyHint(t.Context(), id); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("hint of a forgotten key: %v, want ErrInvalid", err)
	}
}

func TestARevokedKeyVerifiesNothing(t *testing.T) {
	b := newBench(t)
	raw, minted := b.mint(t, access(time.Hour), person())
	id, _ := b.mintID(t, access(time.Minute), identity(), token.Beside{})
	if err := b.CheckAccess(t.Context(), minted); err != nil {
		t.Fatalf("control: %v", err)
	}
	if _, err := b.keys.Replace(t.Context(), keyring.Shared, ""); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"access token": second(b.VerifyAccess(t.Context(), raw)), "access token, checked again": b.CheckAccess(t.Context(), minted),
		"hint": second(b.VerifyHint(t.Context(), id)),
	} {
		if !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
	next, _ := b.mint(t, access(time.Hour), person())
	if _, err := b.VerifyAccess(t.Context(), next); err != nil {
		t.Errorf("a token of the new key: %v", err)
	}
}

func TestOnlyOurIDTokensAreHints(t *testing.T) {
	b := newBench(t)
	for _, alg := range keyring.Algorithms() {
		good, _ := b.mintID(t, token.Signing{Algorithm: alg, Lifetime: time.Minute}, identity(), token.Beside{AccessToken: "x"})
		if _, err := b.VerifyHint(t.Context(), good); err != nil {
			t.Fatalf("control, %s: %v", alg, err)
		}
	}
	good, _ := b.mintID(t, access(time.Minute), identity(), token.Beside{})
	payload := part(t, good, 1)
	const header = `{"alg":"ES256","typ":"JWT","kid":"KID"}`
	if _, err := b.VerifyHint(t.Context(), b.forge(t, keyring.Shared, keyring.ES256, header, payload)); err != nil {
		t.Fatalf("control, forged: %v", err)
	}
	with := func(member string) string { return strings.TrimSuffix(payload, "}") + "," + member + "}" }
	list := refusals(t, b)
	for name, hint := range list {
		if strings.HasPrefix(name, "an ID token") && !strings.HasSuffix(name, "at+jwt") {
			delete(list, name) // a hint, and a good one
			if _, err := b.VerifyHint(t.Context(), hint); err != nil {
				t.Fatalf("control, %s: %v", name, err)
			}
		}
	}
	list["an access token"], _ = b.mint(t, access(time.Minute), person())
	list["an access token, as JWT"], _ = b.mint(t, token.Signing{Algorithm: keyring.ES256, Type: token.PlainJWT, Lifetime: time.Minute}, person())
	for _, member := range []string{`"events":{}`, `"jti":"x"`, `"gid":"x"`, `"client_id":"x"`, `"azp":"other"`, `"sub":"other"`} {
		list["with "+member] = b.forge(t, keyring.Shared, keyring.ES256, header, with(member))
	}
	list["of another party"] = b.forge(t, keyring.Shared, keyring.ES256, header, strings.Replace(payload, `"azp":"Agent-App"`, `"azp":"other"`, 1))
	list["two audiences"] = b.forge(t, keyring.Shared, keyring.ES256, header, strings.Replace(payload, `"aud":"Agent-App"`, `"aud":["Agent-App","x"]`, 1))
	list["of a realm's key"] = b.forge(t, keyring.Realm("acme"), keyring.ES256, header, payload)
	for name, raw := range list {
		if _, err := b.VerifyHint(t.Context(), raw); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	b.now = start.Add(-time.Minute)
	if _, err := b.VerifyHint(t.Context(), good); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("issued in the future: %v, want ErrInvalid", err)
	}
}

func TestNotKnowingIsNotAnAnswer(t *testing.T) {
	b := newBench(t)
	raw, _ := b.mint(t, access(time.Hour), person())
	unknown := b.forge(t, keyring.Shared, keyring.ES256, `{"alg":"ES256","typ":"at+jwt","kid":"of another replica"}`, part(t, raw, 1))
	down := errors.New("store is down")
	b.store.mu.Lock()
	b.store.err = down
	b.store.mu.Unlock()
	b.keys.Invalidate(keyring.ChangeKind, "shared")
	if _, err := b.VerifyAccess(t.Context(), raw); err != nil {
		t.Errorf("a token of a known key: %v", err)
	}
	for name, err := range map[string]error{
		"access": second(b.VerifyAccess(t.Context(), unknown)), "hint": second(b.VerifyHint(t.Context(), unknown)),
	} {
		if !errors.Is(err, down) || errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v, want the store's error", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

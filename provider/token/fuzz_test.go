package token_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// FuzzVerify changes good and bad tokens: whatever is accepted has a header and payload that we signed, and a refusal is always
// ErrInvalid and leaks no content.
func FuzzVerify(f *testing.F) {
	b := newBench(f)
	raw, _ := b.mint(f, access(time.Hour), person())
	id, _ := b.mintID(f, access(time.Hour), identity(), token.Beside{AccessToken: raw})
	f.Add(raw)
	f.Add(id)
	signed := func(raw string) string { return raw[:strings.LastIndexByte(raw, '.')+1] }
	hints := []string{signed(id)}
	for name, bad := range refusals(f, b) {
		f.Add(bad)
		if strings.HasPrefix(name, "an ID token") {
			hints = append(hints, signed(bad))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := b.VerifyAccess(t.Context(), text)
		switch {
		case err == nil && (!strings.HasPrefix(text, signed(raw)) || a.Subject != "4711"):
			t.Errorf("accepted: %q as %+v", text, a)
		case err != nil && (!errors.Is(err, token.ErrInvalid) || a.Subject != ""):
			t.Errorf("refused with %v and %+v: %q", err, a, text)
		}
		ours := func(hint string) bool { return strings.HasPrefix(text, hint) }
		if _, err := b.VerifyHint(t.Context(), text); err == nil && !slices.ContainsFunc(hints, ours) {
			t.Errorf("accepted as a hint: %q", text)
		}
	})
}

// FuzzPayload signs what we would never sign. Whatever is accepted is complete, good now, of one
// kind only, and its further claims are none of the reserved ones.
func FuzzPayload(f *testing.F) {
	b := newBench(f)
	raw, _ := b.mint(f, access(time.Hour), person())
	id, _ := b.mintID(f, access(time.Hour), identity(), token.Beside{AccessToken: raw})
	f.Add(part(f, raw, 1))
	f.Add(part(f, id, 1))
	f.Add(strings.Replace(part(f, raw, 1), `"jti"`, `"nonce":"x","jti"`, 1))
	f.Add(`{"iss":"https://login.example/id","SUB":"1","exp":9e99}`)
	f.Fuzz(func(t *testing.T, payload string) {
		if len(payload) > 8<<10 {
			t.Skip("larger than a token")
		}
		forged := b.forge(t, keyring.Shared, keyring.ES256, `{"alg":"ES256","typ":"JWT","kid":"KID"}`, payload)
		a, accessErr := b.VerifyAccess(t.Context(), forged)
		hint, hintErr := b.VerifyHint(t.Context(), forged)
		if accessErr == nil && hintErr == nil {
			t.Errorf("both an access and an ID token: %s", payload)
		}
		if accessErr == nil {
			if a.Issuer != shared || a.Subject == "" || a.ClientID == "" || a.GrantID == "" || a.ID == "" || a.Tenant == "" || len(a.Audience) == 0 {
				t.Errorf("incomplete: %+v", a)
			}
			if !a.Expires.After(start) || a.NotBefore.After(start.Add(10*time.Second)) {
				t.Errorf("not good now: %+v", a)
			}
		}
		if hintErr == nil && (hint.Issuer != shared || hint.Subject == "" || hint.ClientID == "") {
			t.Errorf("incomplete: %+v", hint)
		}
		for _, claims := range []map[string]any{a.Claims, hint.Claims} {
			for name := range claims {
				if token.Reserved(name) {
					t.Errorf("claim %q got through: %s", name, payload)
				}
			}
		}
	})
}

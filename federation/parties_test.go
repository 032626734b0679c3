package federation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

func TestParties(t *testing.T) {
	h := newHostile(t)
	f := h.forge("n")
	f.claims["aud"] = []string{"patchbay", "b"}
	issuer, audience, err := federation.Parties(f.token(t))
	if err != nil || issuer != h.URL || !slices.Equal(audience, []string{"patchbay", "b"}) {
		t.Fatalf("positive control: %q, %q, %v", issuer, audience, err)
	}
	for name, raw := range map[string]string{
		"nothing": "", "junk": "junk", "two parts": "e30.e30", "four parts": "e30.e30.e30.e30",
		"no base64": "e30.???.e30", "no JSON": "e30.e3.e30", "iss twice": "e30.eyJpc3MiOiJhIiwiaXNzIjoiYiJ9.e30",
		"huge": "e30." + strings.Repeat("e", 70<<10) + ".e30",
	} {
		if issuer, _, err := federation.Parties(raw); err == nil {
			t.Errorf("%s: issuer %q", name, issuer)
		}
	}
}

// TestPresentedTokenAsksForKeysOnly: there is neither a code nor an access token to ask with. An IdP that
// does not answer has said nothing about the token.
func TestPresentedTokenAsksForKeysOnly(t *testing.T) {
	h := newHostile(t)
	raw := h.forge("n").token(t)
	o := h.open(func(c *federation.Config) { c.ExternalIDClaim = "oid" }) // which the token lacks
	if who, err := o.VerifyToken(t.Context(), raw); err != nil || who.ExternalID != "" || len(who.LogoutHint) > 0 {
		t.Fatalf("positive control: %+v, %v", who, err)
	}
	if asked := h.count("/userinfo") + h.count("/token"); asked != 0 {
		t.Errorf("the IdP was asked %d times for more than its keys", asked)
	}
	fresh := h.open(func(c *federation.Config) { c.Timeout = time.Second })
	h.Close()
	if _, err := fresh.VerifyToken(t.Context(), raw); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("an IdP that is down: %v", err)
	}
}

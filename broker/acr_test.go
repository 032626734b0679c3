package broker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
)

// TestTheIdPHearsOfWishes: what a client asks about the authentication is the IdP's to honour.
func TestTheIdPHearsOfWishes(t *testing.T) {
	k := newKit(t)
	b := newBrowser()
	next, err := k.Begin(t.Context(), request(func(r *broker.AuthRequest) {
		r.IDPHint, r.ACRValues, r.MaxAge, r.Prompt = "corp", []string{"urn:acme:mfa", "urn:acme:pwd"}, 5*time.Minute, []string{"login"}
	}), b.Browser)
	k.must(err)
	if next.Step != broker.StepRedirect || len(k.idps.starts) != 1 {
		t.Fatalf("step %d, %d redirects", next.Step, len(k.idps.starts))
	}
	asked := k.idps.starts[0]
	if !slices.Equal(asked.ACRValues, []string{"urn:acme:mfa", "urn:acme:pwd"}) || asked.MaxAge != 5*time.Minute || asked.Prompt != "login" {
		t.Errorf("the IdP was asked for %v, max_age %s, prompt %q", asked.ACRValues, asked.MaxAge, asked.Prompt)
	}
}

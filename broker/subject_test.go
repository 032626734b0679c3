package broker_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/mapping"
)

// TestASubjectIsItsConnections: two identity providers may call two people the same, and one of them may do
// so on purpose.
func TestASubjectIsItsConnections(t *testing.T) {
	for _, home := range []struct {
		name  string
		keeps bool
	}{{"links in the state database", false}, {"links in the directory", true}} {
		t.Run(home.name, func(t *testing.T) {
			k := newKit(t)
			k.people.keeps = home.keeps
			through := func(connection string) (broker.Next, *browser, error) {
				b := newBrowser()
				params := k.sentTo(connection, b, k.begin(b))
				next, err := k.Complete(t.Context(), "acme", connection, params, b.Browser)
				return next, b, err
			}
			next, b, err := through("corp") // which links idp|ana with ana
			b.answered(t, next, err)

			// From now on she is known by her subject alone.
			k.idps.identity = mapping.Identity{Issuer: "https://idp.example", Subject: "idp|ana", ExternalID: "idp|ana", Claims: map[string]any{"sub": "idp|ana"}}
			next, b, err = through("corp")
			if got := b.answered(t, next, err).Grant.UserID; got != "4711" {
				t.Fatalf("positive control: user is %s", got)
			}
			_, _, err = through("partner")
			if l := k.recorded(refused(t, err, broker.ReasonNotProvisioned)); l.UserID != "" || l.Subject != "idp|ana" || l.Connection != "partner" {
				t.Errorf("recorded %+v", l)
			}
		})
	}
}

package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func consents(t *testing.T, s Store) {
	given := broker.Consent{Account: account, UserID: "4711", ClientID: "agent-app", Scope: []string{"openid", "email"}, GrantedAt: now()}
	save := func(c broker.Consent) {
		t.Helper()
		must(t, s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Consent: &c}))
	}
	if _, err := s.Consent(t.Context(), account, "4711", "agent-app"); !errors.Is(err, broker.ErrNotFound) {
		t.Fatalf("before there is one: %v", err)
	}
	save(given)
	given.Scope, given.GrantedAt = []string{"openid"}, now().Add(time.Minute)
	save(given) // the last answer counts
	other := given
	other.ClientID = "second-app"
	save(other)
	all, err := s.Consents(t.Context(), account, "4711")
	must(t, err)
	if len(all) != 2 || all[0].ClientID != "agent-app" || !slices.Equal(all[0].Scope, []string{"openid"}) || !all[0].GrantedAt.Equal(given.GrantedAt) {
		t.Fatalf("consents are %+v", all)
	}
	event := broker.Event{ID: id.New(), At: now(), Kind: broker.ConsentWithdrawn, Account: account, ClientID: "agent-app"}
	must(t, s.WithdrawConsent(t.Context(), given, now().Add(time.Hour), event))
	if err := s.WithdrawConsent(t.Context(), given, now().Add(time.Hour), event); !errors.Is(err, broker.ErrNotFound) {
		t.Errorf("withdrawn twice: %v", err)
	}
	if _, err := s.Consent(t.Context(), account, "4711", "second-app"); err != nil {
		t.Errorf("another client's consent went with it: %v", err)
	}
}

func withdrawnConsentEndsGrants(t *testing.T, s Store) {
	f := sampleFamily()
	putFamily(t, s, f)
	g := f.Grant
	given := broker.Consent{Account: g.Account, UserID: g.UserID, ClientID: g.ClientID, Scope: g.Scope, GrantedAt: now()}
	must(t, s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Consent: &given}))
	must(t, s.WithdrawConsent(t.Context(), given, now().Add(time.Hour), broker.Event{ID: id.New(), At: now(), Kind: broker.ConsentWithdrawn}))
	after, err := s.FindFamily(t.Context(), f.ID)
	must(t, err)
	if after.RevokedAt.IsZero() {
		t.Error("the family lives on")
	}
	revocations, err := s.Revocations(t.Context(), now())
	must(t, err)
	if !slices.ContainsFunc(revocations, func(r grant.Revocation) bool {
		return r.Kind == grant.KindGrant && r.Subject == g.ID.String()
	}) {
		t.Errorf("the grant's access tokens live on: %+v", revocations)
	}
}

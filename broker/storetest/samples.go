package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// account is the tenant of the samples.
const account = "acme"

func hashOf(text string) grant.Hash { return sha256.Sum256([]byte(text)) }

func newHash() grant.Hash { return hashOf(id.New().String()) }

func sampleGrant() grant.Grant {
	return grant.Grant{
		ID: id.New(), Issuer: "https://sso.example/id", Account: account, ClientID: "agent-app",
		RequestedClientID: "Agent-App", UserID: "4711", Scope: []string{"openid", "offline_access"},
		SessionID: id.New(), Nonce: "n", AuthTime: now(), AMR: []string{"pwd"}, ACR: "1", IDP: broker.LocalIDP,
		CreatedAt: now(),
	}
}

func sampleCode() grant.Code {
	at := now()
	return grant.Code{
		Hash: newHash(), Grant: sampleGrant(), RedirectURI: "https://agent.example/cb", Challenge: "c",
		CreatedAt: at, ExpiresAt: at.Add(time.Minute),
	}
}

func sampleFamily() grant.Family {
	at := now()
	return grant.Family{
		ID: id.New(), Grant: sampleGrant(), Seq: 1, SealedSeed: []byte{0, 1, 0xff, '\''},
		CreatedAt: at, RotatedAt: at, ExpiresAt: at.Add(time.Hour), AbsoluteAt: at.Add(12 * time.Hour),
	}
}

func sampleAttempt() broker.Attempt {
	at := now()
	return broker.Attempt{
		ID: id.New(), Purpose: broker.PurposeDevice, State: broker.StateNew, Account: account, Browser: newHash(),
		Device: id.New(),
		Request: broker.AuthRequest{
			Issuer: "https://sso.example/id", ClientID: "agent-app", RedirectURI: "https://agent.example/cb",
			Scope: []string{"openid"}, State: "s'\\\x00?", MaxAge: -1,
		},
		CreatedAt: at, ExpiresAt: at.Add(10 * time.Minute),
	}
}

func sampleSession() *broker.Session {
	at := now()
	return &broker.Session{
		ID: id.New(), Token: newHash(), Issuer: "https://sso.example/id", Account: account, Browser: newHash(),
		UserID: "4711", IDP: "corp", ExternalID: "auth0|7", UpstreamSubject: "auth0|7", UpstreamSession: "u", SealedHint: []byte{1, 0xff},
		Given: mapping.Given{Roles: []string{"supervisor"}}, AuthTime: at,
		AMR: []string{"mfa", "pwd"}, ACR: "2", LoginID: id.New(), CreatedAt: at, SeenAt: at,
		ExpiresAt: at.Add(8 * time.Hour), AbsoluteAt: at.Add(12 * time.Hour),
	}
}

func sampleLogin() *broker.Login {
	return &broker.Login{
		ID: id.New(), AttemptID: id.New(), At: now(), Account: account, ClientID: "agent-app", Connection: "corp",
		Subject: "ana@acme.example", UserID: "4711", Address: "192.0.2.1",
		Trace: &mapping.Trace{Connection: "corp", Steps: []mapping.Step{{Rule: "linked", Outcome: mapping.Matched}}},
	}
}

func sampleEvent(kind broker.EventKind) broker.Event {
	return broker.Event{
		ID: id.New(), At: now(), Kind: kind, Account: account, ClientID: "agent-app", UserID: "4711",
		LoginID: id.New(), Actor: "cli:ana", Reason: "because", Address: "2001:db8::1",
		Detail: map[string]string{"connection": "corp"},
	}
}

// putCode stores a code and returns it.
func putCode(t *testing.T, s Store) grant.Code {
	t.Helper()
	code := sampleCode()
	must(t, s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Code: &code}))
	return code
}

// putFamily stores a family with the redemption of a code, which is how families come to be.
func putFamily(t *testing.T, s Store, family grant.Family) {
	t.Helper()
	code := putCode(t, s)
	must(t, s.RedeemCode(t.Context(), code.Hash, id.New(), now(), &family))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("differs (-want +got):\n%s", diff)
	}
}

// get calls a finder and stops the test on an error.
func get[K, V any](t *testing.T, find func(context.Context, K) (V, error), by K) V {
	t.Helper()
	v, err := find(t.Context(), by)
	must(t, err)
	return v
}

// race calls fn n times at once and returns the errors, in no order.
func race(n int, fn func(i int) error) []error {
	start, results := make(chan struct{}), make(chan error)
	for i := range n {
		go func() {
			<-start
			results <- fn(i)
		}()
	}
	close(start)
	errs := make([]error, n)
	for i := range errs {
		errs[i] = <-results
	}
	return errs
}

// oneWinner checks that a race had one winner, and that all others were told conflict.
func oneWinner(t *testing.T, errs []error, conflict error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, conflict):
			t.Errorf("loser was told %v, want %v", err, conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won", won, len(errs))
	}
}

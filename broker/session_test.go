package broker_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// touch is how often using a session writes it, at most.
const touch = time.Minute

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B

var policy = registry.Refresh{Rotation: true, Grace: 30 * time.Second, Sliding: 20 * time.Hour, Absolute: 30 * 24 * time.Hour}

func challenged(r *broker.AuthRequest) {
	sum := sha256.Sum256([]byte(verifier))
	r.Challenge = base64.RawURLEncoding.EncodeToString(sum[:])
}

func fine(context.Context, grant.Grant) error { return nil }

func (k *kit) redeem(code string) (grant.Redeemed, error) {
	return k.redeemChecked(code, fine)
}

func (k *kit) redeemChecked(code string, check func(context.Context, grant.Grant) error) (grant.Redeemed, error) {
	return k.grants.Redeem(k.t.Context(), grant.Redemption{
		Code: code, Issuer: issuer, ClientID: "agent-app", RedirectURI: redirect, Verifier: verifier,
		Refresh: func(grant.Grant) *registry.Refresh { return &policy },
	}, check)
}

func (k *kit) rotate(token string) (grant.Redeemed, error) {
	return k.grants.Rotate(k.t.Context(), grant.Presented{Token: token, Issuer: issuer, ClientID: "agent-app", Policy: policy}, fine)
}

func TestUsingASessionWritesItOnceAMinute(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.login(b)
	for i, c := range []struct {
		wait   time.Duration
		writes int
	}{{0, 0}, {touch - time.Microsecond, 0}, {time.Microsecond, 1}, {0, 0}, {touch, 1}, {time.Hour, 1}} {
		k.pass(c.wait)
		k.store.arm(0, false)
		s, err := k.Session(t.Context(), issuer, b.Browser)
		k.must(err)
		calls, _ := k.store.disarm()
		writes := 0
		for _, call := range calls {
			if call == "TouchSession" {
				writes++
			}
		}
		if writes != c.writes {
			t.Errorf("use %d wrote %d times, want %d", i, writes, c.writes)
		}
		if c.writes > 0 && (!s.SeenAt.Equal(k.Now()) || !s.ExpiresAt.Equal(k.Now().Add(8*time.Hour))) {
			t.Errorf("use %d: seen %v, expires %v", i, s.SeenAt, s.ExpiresAt)
		}
	}
}

func TestASessionThatEndsWhileItIsTouched(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.login(b)
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	k.pass(touch)
	k.store.before = map[string]func(){"TouchSession": func() { k.must(k.EndSession(t.Context(), s, b.Browser)) }}
	if got, err := k.Session(t.Context(), issuer, b.Browser); !errors.Is(err, broker.ErrNotFound) {
		t.Errorf("an ended session is live: %+v, %v", got, err)
	}
}

func TestEndingASessionEndsWhatCameOfIt(t *testing.T) {
	k, b := newKit(t), newBrowser()
	first, err := k.redeem(k.login(b, challenged).Code)
	k.must(err)
	next, err := k.Begin(t.Context(), request(challenged), b.Browser)
	late := b.answered(t, next, err).Code // not redeemed before the end
	other := newBrowser()
	kept, err := k.redeem(k.login(other, challenged).Code)
	k.must(err)

	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	facts := grant.Facts{Session: s.ID.String(), IssuedAt: k.Now().Add(time.Second)}
	if revoked, err := k.revoked.Check(facts); err != nil || revoked {
		t.Fatalf("before the end: revoked %t, %v", revoked, err)
	}
	if first, err = k.rotate(first.RefreshToken); err != nil {
		t.Fatalf("before the end: %v", err)
	}
	for range 2 { // a double click on "log out"
		k.must(k.EndSession(t.Context(), s, b.Browser))
	}
	if _, err := k.Session(t.Context(), issuer, b.Browser); !errors.Is(err, broker.ErrNotFound) {
		t.Errorf("the session lives: %v", err)
	}
	if revoked, err := k.revoked.Check(facts); err != nil || !revoked {
		t.Errorf("tokens of the session: revoked %t, %v", revoked, err)
	}
	var invalid *grant.Invalid
	if _, err := k.rotate(first.RefreshToken); !errors.As(err, &invalid) {
		t.Errorf("its refresh token lives: %v", err)
	}
	if got, err := k.redeem(late); !errors.As(err, &invalid) {
		t.Errorf("a code issued before the end is good for %+v, %v", got, err)
	}
	if _, err := k.rotate(kept.RefreshToken); err != nil {
		t.Errorf("the other browser was logged out, too: %v", err)
	}
	if events := k.logged(broker.SessionEnded); len(events) != 1 || events[0].Detail["sid"] != s.ID.String() || events[0].Address != b.Address {
		t.Errorf("audit log: %+v", events)
	}
}

func TestAStateDatabaseThatCannotEndASession(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.login(b)
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	k.store.arm(1, false)
	trouble(t, k.EndSession(t.Context(), s, b.Browser), errDown)
	k.store.disarm()
	if revoked, err := k.revoked.Check(grant.Facts{Session: s.ID.String()}); err != nil || revoked {
		t.Errorf("revoked %t, %v: this node would know what the others do not", revoked, err)
	}
	if _, err := k.Session(t.Context(), issuer, b.Browser); err != nil {
		t.Errorf("the session is gone: %v", err)
	}
}

// A node that has heard of the end refuses a family that another node opened a moment too late.
func TestAFamilyOpenedWhileItsSessionEnds(t *testing.T) {
	k, b := newKit(t), newBrowser()
	issued, err := k.redeem(k.login(b, challenged).Code)
	k.must(err)
	if issued, err = k.rotate(issued.RefreshToken); err != nil {
		t.Fatal(err)
	}
	k.grants.Applied(k.grants.Revocation(grant.KindSession, issued.Grant.SessionID.String()))
	var invalid *grant.Invalid
	if _, err := k.rotate(issued.RefreshToken); !errors.As(err, &invalid) || invalid.Reused {
		t.Errorf("refresh: %v", err)
	}
}

// A desk is shared: whoever logs in takes over from whoever was there, and keeps what was their own.
func TestALoginEndsTheSessionOfSomebodyElse(t *testing.T) {
	for _, c := range []struct {
		login, password string
		ends            bool
	}{
		{"ana", anaPassword, false},
		{"bo", "demo-bo-4712", true},
	} {
		t.Run(c.login, func(t *testing.T) {
			k := newKit(t)
			b := newBrowser()
			first := k.login(b).Grant
			next, err := k.Password(t.Context(), k.begin(b, prompt("login")), b.Browser, broker.Credentials{Login: c.login, Password: secret.New(c.password)})
			second := b.answered(t, next, err).Grant
			if first.SessionID == second.SessionID {
				t.Error("the second login has the session of the first")
			}
			old, err := k.store.Session(t.Context(), first.SessionID)
			k.must(err)
			if ended := !old.EndedAt.IsZero(); ended != c.ends {
				t.Errorf("the first session has ended: %t", ended)
			}
			revoked, err := k.revoked.Check(grant.Facts{Session: first.SessionID.String(), IssuedAt: k.clock.Now()})
			k.must(err)
			if revoked != c.ends {
				t.Errorf("the tokens of the first login are revoked: %t", revoked)
			}
		})
	}
}

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

// A desk is shared: whoever logs in takes over from whoever was there. Who was there already goes on with
// the session, so that logging out ends what both logins led to.
func TestALoginIntoASession(t *testing.T) {
	corp := func(k *kit, b *browser) (broker.Next, error) {
		return k.complete(b, k.sent(b, k.begin(b, prompt("login"))))
	}
	byPassword := func(login, password string) func(*kit, *browser) (broker.Next, error) {
		return func(k *kit, b *browser) (broker.Next, error) {
			return k.Password(k.t.Context(), k.begin(b, prompt("login")), b.Browser, broker.Credentials{Login: login, Password: secret.New(password)})
		}
	}
	for _, c := range []struct {
		name       string
		again      func(*kit, *browser) (broker.Next, error)
		same, goes bool // the same session; the first session's tokens die
	}{
		{"the same person", byPassword("ana", anaPassword), true, false},
		{"the same person in another way", corp, false, true},
		{"somebody else", byPassword("bo", "demo-bo-4712"), false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, b := newKit(t), newBrowser()
			first := k.login(b, challenged)
			before, err := k.Session(t.Context(), issuer, b.Browser)
			k.must(err)
			tokens, err := k.redeem(first.Code)
			k.must(err)
			k.pass(time.Hour)
			stolen, cookie := b.Browser, b.cookies[issuer] // of the first login
			stolen.Session = func(string) string { return cookie }
			next, err := c.again(k, b)
			second := b.answered(t, next, err).Grant
			if same := first.Grant.SessionID == second.SessionID; same != c.same {
				t.Fatalf("the same session: %t", same)
			}
			after, err := k.Session(t.Context(), issuer, b.Browser)
			k.must(err)
			if after.Token == before.Token || !after.AuthTime.Equal(k.Now()) || !after.AbsoluteAt.Equal(k.Now().Add(12*time.Hour)) {
				t.Errorf("the second login left %+v", after)
			}
			if _, err := k.Session(t.Context(), issuer, stolen); !errors.Is(err, broker.ErrNotFound) {
				t.Errorf("the cookie of the first login still works: %v", err)
			}
			facts := grant.Facts{Session: first.Grant.SessionID.String(), IssuedAt: k.Now()}
			revoked, err := k.revoked.Check(facts)
			if k.must(err); revoked != c.goes {
				t.Errorf("the tokens of the first login are revoked: %t", revoked)
			}
			k.must(k.EndSession(t.Context(), after, b.Browser))
			if revoked, err := k.revoked.Check(facts); err != nil || !revoked {
				t.Errorf("after logout the tokens of the first login are revoked: %t, %v", revoked, err)
			}
			if _, err := k.rotate(tokens.RefreshToken); err == nil {
				t.Error("after logout the refresh token of the first login works")
			}
		})
	}
}

// TestTwoTabsRenewASession: one login wins; the other is told to begin again, and no session is left
// that no cookie leads to.
func TestTwoTabsRenewASession(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.login(b)
	slow := k.begin(b, prompt("login"))
	k.store.before = map[string]func(){"Settle": func() {
		k.store.before = nil
		next, err := password(t, k, b, k.begin(b, prompt("login")), "ana", anaPassword)
		b.answered(t, next, err)
	}}
	_, err := password(t, k, b, slow, "ana", anaPassword)
	refused(t, err, broker.ReasonUsed)
	live, err := k.store.LiveSessions(t.Context(), "acme", "4711", k.Now(), 10)
	k.must(err)
	if _, err := k.Session(t.Context(), issuer, b.Browser); err != nil || len(live) != 1 {
		t.Errorf("%d sessions are live; that of the browser: %v", len(live), err)
	}
}

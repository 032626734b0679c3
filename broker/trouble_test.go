package broker_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// A step is one call of the Engine that a state database may fail, and how the person tries again.
type step struct {
	name string
	// prepare brings the browser to where run begins; run is the step, and ends in a code.
	prepare func(k *kit, b *browser) id.ID
	run     func(k *kit, b *browser, attempt id.ID, params url.Values) (broker.Next, error)
	// sent says that the browser returns from an IdP.
	sent bool
}

func steps() []step {
	start := func(k *kit, b *browser) id.ID { return k.begin(b) }
	return []step{
		{
			name: "password", prepare: start,
			run: func(k *kit, b *browser, attempt id.ID, _ url.Values) (broker.Next, error) {
				return k.Password(context.Background(), attempt, b.Browser, broker.Credentials{Login: "ana", Password: secret.New(anaPassword)})
			},
		},
		{
			name: "callback", prepare: start, sent: true,
			run: func(k *kit, b *browser, _ id.ID, params url.Values) (broker.Next, error) {
				return k.Complete(context.Background(), "acme", "corp", params, b.Browser)
			},
		},
		{
			name: "session", prepare: func(k *kit, b *browser) id.ID {
				k.login(b)
				k.pass(2 * touch)
				return id.ID{}
			},
			run: func(k *kit, b *browser, _ id.ID, _ url.Values) (broker.Next, error) {
				return k.Begin(context.Background(), request(), b.Browser)
			},
		},
	}
}

// Each call to the state database fails once, before its work or after it: the person is told of
// trouble, never of a refusal, and nothing is half-made. Before the work, the same attempt goes on.
func TestAStateDatabaseThatFailsAtAnyCall(t *testing.T) {
	for _, s := range steps() {
		for _, late := range []bool{false, true} {
			for n := 1; ; n++ {
				done := false
				t.Run(fmt.Sprintf("%s/late=%t/call %d", s.name, late, n), func(t *testing.T) {
					done = failAt(t, s, n, late)
				})
				if t.Failed() {
					return
				}
				if done && n == 1 {
					t.Fatalf("%s makes no call", s.name)
				}
				if done {
					break
				}
			}
		}
	}
}

// failAt reports whether the step makes fewer than n calls.
func failAt(t *testing.T, s step, n int, late bool) (done bool) {
	k, b := newKit(t), newBrowser()
	attempt := s.prepare(k, b)
	var params url.Values
	if s.sent {
		params = k.sent(b, attempt)
	}
	sessions := len(k.logged(broker.LoginSucceeded))
	k.store.arm(n, late)
	next, err := s.run(k, b, attempt, params)
	calls, failed := k.store.disarm()
	if !failed {
		b.answered(t, next, err) // the positive control: with no failure there is a code
		return true
	}
	trouble(t, err, errDown)
	if next.Answer != nil {
		t.Errorf("failing %s the client is answered: %+v", calls[n-1], next.Answer)
	}
	if refusals := k.logins(); slices.ContainsFunc(refusals, func(l broker.Login) bool { return l.Reason != "" }) {
		t.Errorf("failing %s the person is recorded as refused: %+v", calls[n-1], refusals)
	}
	made := len(k.logged(broker.LoginSucceeded)) - sessions
	committed := late && calls[n-1] == "Settle"
	if made != 0 && !committed {
		t.Errorf("failing %s made %d sessions", calls[n-1], made)
	}
	if attempt.IsZero() {
		next, err := s.run(k, b, attempt, params)
		b.answered(t, next, err)
		return false
	}
	if committed {
		_, err := k.Page(t.Context(), attempt, b.Browser)
		refused(t, err, broker.ReasonUsed)
		return false
	}
	k.goesOn(b, attempt)
	return false
}

func TestADirectoryThatFailsDuringTheMapping(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		t.Run(fmt.Sprintf("keeps links %t", keeps), func(t *testing.T) {
			k, b := newKit(t), newBrowser()
			k.people.keeps = keeps
			attempt := k.begin(b)
			params := k.sent(b, attempt)
			k.people.fail(errDirectory)
			_, err := k.complete(b, params)
			trouble(t, err, errDirectory)
			if recorded := k.logins(); len(recorded) > 0 {
				t.Errorf("recorded %+v", recorded)
			}
			k.people.fail(nil)
			k.goesOn(b, attempt)
		})
	}
}

func TestABrowserThatGoesAwayDuringACallback(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	params := k.sent(b, attempt)
	ctx, leave := context.WithCancel(t.Context())
	k.idps.during = leave
	_, err := k.Complete(ctx, "acme", "corp", params, b.Browser)
	if l := k.recorded(refused(t, err, broker.ReasonUpstreamDown)); l.AttemptID != attempt {
		t.Errorf("recorded %+v", l)
	}
	k.goesOn(b, attempt)
}

// sealedElsewhere is a sealer whose key was lost between the two halves of a login.
type sealedElsewhere struct{ broker.Sealer }

func (sealedElsewhere) Seal(plaintext, _ []byte) ([]byte, error) { return plaintext, nil }
func (sealedElsewhere) Open(_, _ []byte) ([]byte, error)         { return nil, errKey }

var errKey = fmt.Errorf("data key is not in the key file")

func TestAMemoThatDoesNotOpenKeepsTheAttempt(t *testing.T) {
	k, b := newKit(t), newBrowser()
	sealer := k.Sealer
	attempt := k.begin(b)
	params := k.sent(b, attempt)
	k.Sealer = sealedElsewhere{}
	_, err := k.complete(b, params)
	trouble(t, err, errKey)
	k.Sealer = sealer
	k.goesOn(b, attempt)
}

func TestARefusalThatCannotBeRecordedIsTrouble(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	k.idps.err = &federation.ResponseError{Code: "access_denied"}
	params := k.sent(b, attempt)
	k.store.before = map[string]func(){"Settle": func() { k.store.failNow() }}
	_, err := k.complete(b, params)
	k.store.disarm()
	trouble(t, err, errDown)
	if recorded := k.logins(); len(recorded) > 0 {
		t.Errorf("recorded %+v", recorded)
	}
	k.goesOn(b, attempt)
}

package broker_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

func password(t *testing.T, k *kit, b *browser, attempt id.ID, login, password string) (broker.Next, error) {
	t.Helper()
	return k.Password(t.Context(), attempt, b.Browser, broker.Credentials{Login: login, Password: secret.New(password)})
}

// badCredentials are all the ways to be nobody. A page must not tell one from another.
func badCredentials() []struct{ name, login, password string } {
	long := strings.Repeat("x", 10_000)
	return []struct{ name, login, password string }{
		{"unknown user", "nobody", "x"},
		{"wrong password", "ana", "hunter2"},
		{"right password of the namesake at another tenant", "ana", "demo-ana-5711"},
		{"inactive, right password", "gro", "demo-gro-4717"},
		{"inactive, wrong password", "gro", "hunter2"},
		{"federated only, right password", "jon", "demo-jon-4720"},
		{"two of that name", "twin", "x"},
		{"empty login", "", anaPassword},
		{"empty password", "ana", ""},
		{"10 kB of login", long, anaPassword},
		{"10 kB of password", "ana", long},
		{"NUL", "ana\x00", anaPassword},
		{"not text", "\xff\xfe", anaPassword},
		{"trailing space", "ana ", anaPassword},
		{"SQL", "ana' OR '1'='1", anaPassword},
	}
}

func TestNobodyLearnsWhyAPasswordIsRefused(t *testing.T) {
	k, b := newKit(t), newBrowser()
	if next, err := password(t, k, b, k.begin(b), "ana", anaPassword); err != nil {
		t.Fatalf("the right password is refused: %v, %+v", err, next)
	}
	const floor = 20 * time.Millisecond
	k.FailureFloor = func() time.Duration { return floor }
	attempt := k.begin(b)
	for _, c := range badCredentials() {
		t.Run(c.name, func(t *testing.T) {
			started := time.Now()
			_, err := password(t, k, b, attempt, c.login, c.password)
			if took := time.Since(started); took < floor {
				t.Errorf("refused after %v, the floor is %v", took, floor)
			}
			r := refused(t, err, broker.ReasonCredentials)
			if r.AttemptID != attempt {
				t.Errorf("the person may go on with attempt %q, want %q", r.AttemptID, attempt)
			}
			l := k.recorded(r)
			if l.Reason != broker.ReasonCredentials || l.Connection != broker.LocalIDP || l.Detail == "" || l.Address != b.Address {
				t.Errorf("recorded %+v", l)
			}
			subject := broker.NobodysName(k.Sealer, c.login)
			switch {
			case l.UserID != "":
				subject = c.login
			case c.login == "" || c.password == "" || len(c.login+c.password) > 10_000:
				subject = ""
			}
			if l.Subject != subject {
				t.Errorf("the login of user %q is recorded as %q, want %q", l.UserID, l.Subject, subject)
			}
			if len(c.password) > 1 && strings.Contains(err.Error()+l.Detail, c.password) {
				t.Error("the password is in the error or in the record")
			}
		})
	}
	// Those that nobody was asked about share one record.
	if n := len(k.logged(broker.LoginRefused)); n != len(badCredentials())-3 {
		t.Errorf("%d refusals in the audit log, want %d", n, len(badCredentials())-3)
	}
	if next, err := password(t, k, b, attempt, "ana", anaPassword); err != nil {
		t.Errorf("the attempt cannot go on: %v, %+v", err, next)
	}
}

func TestASuccessDoesNotWait(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.FailureFloor = func() time.Duration { t.Error("a success asks for the floor"); return 0 }
	k.login(b)
}

func TestTooLongIsNotHashed(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	for _, c := range []struct {
		name            string
		login, password string
		asked           int
	}{
		{"as long as may be", strings.Repeat("x", 1024), strings.Repeat("y", 1024), 1},
		{"longer login", strings.Repeat("x", 1025), "y", 0},
		{"longer password", "x", strings.Repeat("y", 1025), 0},
		{"no password", "x", "", 0},
	} {
		before := k.people.asked
		_, err := password(t, k, b, attempt, c.login, c.password)
		refused(t, err, broker.ReasonCredentials)
		if got := k.people.asked - before; got != c.asked {
			t.Errorf("%s: the directory verified %d times, want %d", c.name, got, c.asked)
		}
	}
}

func TestTroubleWithAPasswordIsNotAnAnswer(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	k.people.fail(mapping.ErrBusy)
	_, err := password(t, k, b, attempt, "ana", anaPassword)
	if r := refused(t, err, broker.ReasonBusy); r.AttemptID != attempt || !r.LoginID.IsZero() {
		t.Errorf("busy: %+v", r)
	}
	k.people.fail(errDirectory)
	_, err = password(t, k, b, attempt, "ana", anaPassword)
	trouble(t, err, errDirectory)
	if recorded, events := k.logins(), k.logged(broker.LoginRefused); len(recorded)+len(events) > 0 {
		t.Errorf("trouble of ours was recorded about the person: %+v, %+v", recorded, events)
	}
	k.people.fail(nil)
	next, err := password(t, k, b, attempt, "ana", anaPassword)
	b.answered(t, next, err)
}

func TestAnAttemptIsForOneBrowserAndOneLogin(t *testing.T) {
	k := newKit(t)
	for i, c := range []struct {
		name   string
		change func(b *browser, attempt *id.ID)
		want   broker.Reason // empty means that it works
	}{
		{name: "as it should be"},
		{name: "just in time", change: func(*browser, *id.ID) { k.pass(10*time.Minute - time.Microsecond) }},
		{name: "too late", change: func(*browser, *id.ID) { k.pass(10 * time.Minute) }, want: broker.ReasonExpired},
		{name: "another browser", change: func(b *browser, _ *id.ID) { b.Binding = newBrowser().Binding }, want: broker.ReasonBrowser},
		{name: "no binding cookie", change: func(b *browser, _ *id.ID) { b.Binding = "" }, want: broker.ReasonBrowser},
		{name: "unknown", change: func(_ *browser, a *id.ID) { *a = id.New() }, want: broker.ReasonUnknownAttempt},
		{
			name: "used", want: broker.ReasonUsed,
			change: func(b *browser, a *id.ID) {
				next, err := password(t, k, b, *a, "ana", anaPassword)
				b.answered(t, next, err)
			},
		},
		{
			name: "cancelled", want: broker.ReasonUsed,
			change: func(b *browser, a *id.ID) { _, err := k.Cancel(t.Context(), *a, b.Browser); k.must(err) },
		},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			b := newBrowser()
			attempt := k.begin(b)
			if c.change != nil {
				c.change(b, &attempt)
			}
			_, shown := k.Page(t.Context(), attempt, b.Browser)
			before := len(k.logged(broker.LoginRefused))
			next, err := password(t, k, b, attempt, "ana", anaPassword)
			if c.want == "" {
				k.must(shown)
				b.answered(t, next, err)
				return
			}
			refused(t, shown, c.want)
			if r := refused(t, err, c.want); !r.AttemptID.IsZero() {
				t.Error("the person is told to go on")
			}
			if n := len(k.logged(broker.LoginRefused)) - before; n != 1 {
				t.Errorf("%d events in the audit log, want 1", n)
			}
		})
		if i == 0 && !ok {
			t.Fatal("no login works: the rest would prove nothing")
		}
	}
}

func TestWithoutABindingCookieNobodyGoesOn(t *testing.T) {
	k, b := newKit(t), newBrowser()
	b.Binding = ""
	attempt := k.begin(b)
	_, err := password(t, k, b, attempt, "ana", anaPassword)
	refused(t, err, broker.ReasonBrowser)
}

func TestParallelPostsMakeOneSession(t *testing.T) {
	k, b := newKit(t), newBrowser()
	attempt := k.begin(b)
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = k.Password(t.Context(), attempt, b.Browser, broker.Credentials{Login: "ana", Password: secret.New(anaPassword)})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		var r *broker.Refusal
		switch {
		case err == nil:
			won++
		case !errors.As(err, &r) || r.Reason != broker.ReasonUsed || r.LoginID.IsZero():
			t.Errorf("a loser is told %v", err)
		}
	}
	if sessions := len(k.logged(broker.LoginSucceeded)); won != 1 || sessions != 1 {
		t.Errorf("%d winners, %d sessions", won, sessions)
	}
}

func TestCancelTellsTheClient(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.login(b)
	before, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	k.pass(time.Second)
	next, err := k.Cancel(t.Context(), k.begin(b, prompt("login")), b.Browser)
	k.must(err)
	if got := outcome(t, next); got != "access_denied" || next.Answer.SessionToken != "" || next.Answer.Request.State != "xyz" {
		t.Errorf("answer is %+v", next.Answer)
	}
	after, err := k.Session(t.Context(), issuer, b.Browser)
	if err != nil || after.ID != before.ID || !after.AuthTime.Equal(before.AuthTime) {
		t.Errorf("session is %+v, %v; was %+v", after, err, before)
	}
	if events := k.logged(broker.LoginRefused); len(events) != 1 || events[0].Reason != string(broker.ReasonCancelled) {
		t.Errorf("audit log: %+v", events)
	}
}

func TestAnotherUserThanTheHintNames(t *testing.T) {
	k, b := newKit(t), newBrowser()
	next, err := password(t, k, b, k.begin(b, subject("4711")), "ana", anaPassword)
	b.answered(t, next, err)

	b = newBrowser()
	next, err = password(t, k, b, k.begin(b, subject("4711")), "bo", "demo-bo-4712")
	k.must(err)
	if got := outcome(t, next); got != "login_required" || next.Answer.SessionToken != "" {
		t.Errorf("answer is %+v", next.Answer)
	}
	events := k.logged(broker.LoginRefused)
	if len(events) != 1 || events[0].UserID != "4712" || len(k.logged(broker.LoginSucceeded)) != 1 {
		t.Errorf("audit log: %+v", events)
	}
}

package broker_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/mapping"
)

// outcomes of Begin.
const (
	silent   = "a code at once"
	page     = "the login page"
	upstream = "a redirect to the IdP"
	question = "the question of consent"
)

// outcome tells what Begin decided: one of the above, or the error code for the client.
func outcome(t *testing.T, next broker.Next) string {
	t.Helper()
	switch next.Step {
	case broker.StepLogin:
		if next.AttemptID.IsZero() {
			t.Fatal("a login page without an attempt")
		}
		return page
	case broker.StepConsent:
		return question
	case broker.StepRedirect:
		if u, err := url.Parse(next.URL); err != nil || u.Host != "idp.example" {
			t.Fatalf("redirect to %q", next.URL)
		}
		return upstream
	case broker.StepAnswer:
		if (next.Answer.Code == "") == (next.Answer.Error == "") {
			t.Fatalf("answer has both or neither of code and error: %+v", next.Answer)
		}
		if next.Answer.Error != "" {
			return next.Answer.Error
		}
		return silent
	case broker.StepDevice:
	}
	t.Fatalf("step %d", next.Step)
	return ""
}

func TestWhichSessionsAnswerSilently(t *testing.T) {
	k := newKit(t)
	for i, c := range []struct {
		name string
		// change happens between the login, in browser b, and the next request.
		change func(b *browser)
		edit   func(*broker.AuthRequest)
		want   string
	}{
		{name: "a usable session", want: silent},
		{name: "no session", change: func(b *browser) { clear(b.cookies) }, want: page},
		{name: "no session, no page wanted", change: func(b *browser) { clear(b.cookies) }, edit: prompt("none"), want: "login_required"},
		{name: "an invented session", change: func(b *browser) { b.cookies[issuer] = "invented" }, want: page},
		{name: "another browser", change: func(b *browser) { b.Binding = newBrowser().Binding }, want: page},
		{name: "a browser that lost its binding", change: func(b *browser) { b.Binding = "" }, want: page},
		{name: "another tenant's client", edit: func(r *broker.AuthRequest) { r.ClientID = "globex-app" }, want: page},
		{
			name: "the cookie moved to another issuer", change: func(b *browser) { b.cookies[realm] = b.cookies[issuer] },
			edit: func(r *broker.AuthRequest) { r.Issuer = realm }, want: page,
		},
		{name: "idle for less than its time", change: func(*browser) { k.pass(8*time.Hour - time.Second) }, want: silent},
		{name: "idle", change: func(*browser) { k.pass(8 * time.Hour) }, want: page},
		{name: "in use to the very end", change: func(b *browser) { use(t, k, b, 12*time.Hour-time.Second) }, want: silent},
		{name: "in use for too long", change: func(b *browser) { use(t, k, b, 12*time.Hour) }, want: page},
		{name: "ended", change: func(b *browser) { end(t, k, b) }, want: page},
		{name: "prompt=none", edit: prompt("none"), want: silent},
		{name: "prompt=login", edit: prompt("login"), want: page},
		{name: "prompt=select_account", edit: prompt("select_account"), want: page},
		{name: "prompt=consent", edit: prompt("consent"), want: question},
		{name: "max_age kept", change: func(*browser) { k.pass(time.Minute) }, edit: maxAge(time.Minute), want: silent},
		{name: "max_age passed", change: func(*browser) { k.pass(time.Minute + time.Microsecond) }, edit: maxAge(time.Minute), want: page},
		{name: "max_age=0", edit: maxAge(0), want: page},
		{name: "max_age passed, prompt=none", change: func(*browser) { k.pass(time.Hour) }, edit: both(maxAge(time.Minute), prompt("none")), want: "login_required"},
		{name: "id_token_hint of the same user", edit: subject("4711"), want: silent},
		{name: "id_token_hint of another user", edit: subject("4712"), want: page},
		{name: "id_token_hint of another user, prompt=none", edit: both(subject("4712"), prompt("none")), want: "login_required"},
		{name: "user switched off", change: func(*browser) { k.people.edit("4711", func(u *mapping.User) { u.Active = false }) }, want: page},
		{name: "user gone", change: func(*browser) { k.people.edit("4711", func(u *mapping.User) { u.ID = "gone" }) }, want: page},
		{name: "user must use an IdP now", change: func(*browser) { k.people.edit("4711", func(u *mapping.User) { u.FederatedOnly = true }) }, want: page},
		{
			name: "password changed before the login", want: silent,
			change: func(*browser) {
				k.people.edit("4711", func(u *mapping.User) { u.PasswordChangedAt = k.Now().Add(-time.Minute) })
			},
		},
		{
			name: "password changed since", want: page,
			change: func(*browser) {
				k.people.edit("4711", func(u *mapping.User) { u.PasswordChangedAt = k.Now().Add(time.Second) })
			},
		},
		{name: "sent to an enabled connection", change: func(b *browser) { clear(b.cookies) }, edit: idpHint("corp"), want: upstream},
		{name: "sent to a disabled connection", change: func(b *browser) { clear(b.cookies) }, edit: idpHint("retired"), want: page},
		{name: "sent to an unknown connection", change: func(b *browser) { clear(b.cookies) }, edit: idpHint("nowhere"), want: page},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			pristine := newPeople()
			k.people.mu.Lock()
			k.people.rows = pristine.rows
			k.people.mu.Unlock()
			b := newBrowser()
			k.login(b)
			if c.change != nil {
				c.change(b)
			}
			edit := func(*broker.AuthRequest) {}
			if c.edit != nil {
				edit = c.edit
			}
			next, err := k.Begin(t.Context(), request(edit), b.Browser)
			if err != nil {
				t.Fatal(err)
			}
			if got := outcome(t, next); got != c.want {
				t.Errorf("Begin gives %s, want %s", got, c.want)
			}
			if next.Step == broker.StepAnswer && next.Answer.SessionToken != "" {
				t.Error("the cookie is set anew without a login")
			}
		})
		if i == 0 && !ok {
			t.Fatal("a usable session does not answer: the rest would prove nothing")
		}
	}
}

const realm = "https://sso.example/auth/realms/acme"

func prompt(p string) func(*broker.AuthRequest) {
	return func(r *broker.AuthRequest) { r.Prompt = []string{p} }
}

func maxAge(d time.Duration) func(*broker.AuthRequest) {
	return func(r *broker.AuthRequest) { r.MaxAge = d }
}

func subject(id mapping.UserID) func(*broker.AuthRequest) {
	return func(r *broker.AuthRequest) { r.Subject = id }
}

func idpHint(connection string) func(*broker.AuthRequest) {
	return func(r *broker.AuthRequest) { r.IDPHint = connection }
}

func both(a, b func(*broker.AuthRequest)) func(*broker.AuthRequest) {
	return func(r *broker.AuthRequest) { a(r); b(r) }
}

// use lets time pass while the browser uses its session every hour.
func use(t *testing.T, k *kit, b *browser, d time.Duration) {
	t.Helper()
	for ; d > time.Hour; d -= time.Hour {
		k.pass(time.Hour)
		next, err := k.Begin(t.Context(), request(), b.Browser)
		b.answered(t, next, err)
	}
	k.pass(d)
}

func end(t *testing.T, k *kit, b *browser) {
	t.Helper()
	s, err := k.Session(t.Context(), issuer, b.Browser)
	k.must(err)
	k.must(k.EndSession(t.Context(), s, b.Browser))
}

func TestASilentAnswerRepeatsTheLogin(t *testing.T) {
	k, b := newKit(t), newBrowser()
	first := k.login(b)
	k.pass(time.Hour)
	next, err := k.Begin(t.Context(), request(func(r *broker.AuthRequest) { r.Nonce = "n-2" }), b.Browser)
	second := b.answered(t, next, err)
	if second.Code == first.Code || second.Grant.ID == first.Grant.ID {
		t.Error("code or grant is the same again")
	}
	g := second.Grant
	if g.SessionID != first.Grant.SessionID || !g.AuthTime.Equal(epoch) || g.UserID != "4711" || g.IDP != broker.LocalIDP || g.Nonce != "n-2" {
		t.Errorf("grant is %+v, after the login %+v", g, first.Grant)
	}
}

func TestTroubleIsNotAMissingSession(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.login(b)
	for _, c := range []struct {
		name string
		fail func()
		heal func()
		want error
	}{
		{"legacy database down", func() { k.people.fail(errDirectory) }, func() { k.people.fail(nil) }, errDirectory},
		{"state database down", func() { k.store.arm(1, false) }, func() { k.store.arm(0, false) }, errDown},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, err := k.Begin(t.Context(), request(prompt("none")), b.Browser)
			b.answered(t, next, err)
			c.fail()
			_, err = k.Begin(t.Context(), request(prompt("none")), b.Browser)
			c.heal()
			trouble(t, err, c.want)
		})
	}
}

var errDirectory = errors.New("legacy database is down")

func TestWhatIsSwitchedOffBeginsNothing(t *testing.T) {
	for _, c := range []struct{ name, file string }{
		{"tenant", "account: globex\nname: Globex\nlegacy_tenant: 10020\nenabled: false\n"},
		{"client", "account: globex\nname: Globex\nlegacy_tenant: 10020\nclients:\n  - { id: globex-app, name: G, enabled: false, grant_types: [authorization_code], redirect_uris: [https://agent.example/callback], scopes: [openid], default_scopes: [openid], require_secret: false }\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, b := newKit(t), newBrowser()
			of := func(r *broker.AuthRequest) { r.ClientID = "globex-app" }
			attempt := k.begin(b, of)
			k.apply(c.file)
			_, err := k.Begin(t.Context(), request(of), b.Browser)
			refused(t, err, broker.ReasonUnknownAttempt)

			steps := map[string]func() error{
				"Page":     func() error { _, err := k.Page(t.Context(), attempt, b.Browser); return err },
				"Password": func() error { _, err := password(t, k, b, attempt, "ana", "demo-ana-5711"); return err },
				"Send":     func() error { _, err := k.Send(t.Context(), attempt, b.Browser, "corp"); return err },
			}
			for name, step := range steps {
				t.Run(name, func(t *testing.T) { refused(t, step(), broker.ReasonUnknownAttempt) })
			}
		})
	}
}

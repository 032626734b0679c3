package broker_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

// asking is acme with an application that must ask.
func asking(t *testing.T) *kit {
	k := newKit(t)
	k.apply(strings.Replace(acme(), "    require_secret: false\n", "    require_secret: false\n    require_consent: true\n", 1))
	return k
}

// toConsent logs ana in as far as the question.
func (k *kit) toConsent(b *browser, edit ...func(*broker.AuthRequest)) broker.Next {
	k.t.Helper()
	next, err := k.Password(k.t.Context(), k.begin(b, edit...), b.Browser, broker.Credentials{Login: "ana", Password: secret.New(anaPassword)})
	k.must(err)
	if next.Step != broker.StepConsent || next.Answer == nil || next.Answer.Code != "" {
		k.t.Fatalf("step %d with answer %+v instead of the question", next.Step, next.Answer)
	}
	b.cookies[issuer] = next.Answer.SessionToken
	return next
}

func TestConsentIsAskedOnceForEachScope(t *testing.T) {
	k := asking(t)
	b := newBrowser()
	asked := k.toConsent(b)
	page, err := k.ConsentPage(t.Context(), asked.AttemptID, b.Browser)
	k.must(err)
	if page.Client.ID != "agent-app" || page.User.Username != "ana" || len(page.Scope) != 1 {
		t.Errorf("the question is %+v", page)
	}
	next, err := k.Consent(t.Context(), asked.AttemptID, b.Browser, true)
	if answer := b.answered(t, next, err); answer.Grant.UserID != "4711" {
		t.Errorf("granted for %s", answer.Grant.UserID)
	}
	more := func(r *broker.AuthRequest) { r.Scope = []string{"openid", "offline_access"} }
	for _, c := range []struct {
		name string
		edit func(*broker.AuthRequest)
		step broker.Step
		code string
	}{
		{name: "the same again", edit: func(*broker.AuthRequest) {}, step: broker.StepAnswer},
		{name: "more", edit: more, step: broker.StepConsent},
		{name: "more, silently", edit: func(r *broker.AuthRequest) { more(r); r.Prompt = []string{"none"} }, step: broker.StepAnswer, code: "consent_required"},
		{name: "asked for by the client", edit: prompt("consent"), step: broker.StepConsent},
	} {
		next, err := k.Begin(t.Context(), request(c.edit), b.Browser)
		k.must(err)
		if next.Step != c.step || c.step == broker.StepAnswer && next.Answer.Error != c.code {
			t.Errorf("%s: step %d, answer %+v", c.name, next.Step, next.Answer)
		}
	}
}

func TestAQuestionIsForThePersonItNames(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(k *kit, b *browser)
		want   broker.Reason
	}{
		{name: "the same browser and session"},
		{name: "another browser", change: func(_ *kit, b *browser) { b.Binding = newBrowser().Binding }, want: broker.ReasonBrowser},
		{name: "no session any more", change: func(_ *kit, b *browser) { clear(b.cookies) }, want: broker.ReasonExpired},
		{name: "somebody else's session", change: func(k *kit, b *browser) {
			next, err := k.Password(k.t.Context(), k.begin(b, prompt("login")), b.Browser, broker.Credentials{Login: "bo", Password: secret.New("demo-bo-4712")})
			k.must(err)
			b.cookies[issuer] = next.Answer.SessionToken
		}, want: broker.ReasonExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := asking(t)
			b := newBrowser()
			asked := k.toConsent(b)
			if c.change != nil {
				c.change(k, b)
			}
			next, err := k.Consent(t.Context(), asked.AttemptID, b.Browser, true)
			if c.want != "" {
				refused(t, err, c.want)
				return
			}
			b.answered(t, next, err)
			_, err = k.Consent(t.Context(), asked.AttemptID, b.Browser, true)
			refused(t, err, broker.ReasonUsed)
		})
	}
}

func TestARefusedConsentTellsTheClientAndIsNotRemembered(t *testing.T) {
	k := asking(t)
	b := newBrowser()
	asked := k.toConsent(b)
	next, err := k.Consent(t.Context(), asked.AttemptID, b.Browser, false)
	k.must(err)
	if next.Step != broker.StepAnswer || next.Answer.Error != "access_denied" {
		t.Fatalf("answer %+v", next.Answer)
	}
	if next, err = k.Begin(t.Context(), request(), b.Browser); err != nil || next.Step != broker.StepConsent {
		t.Errorf("next time: step %d, %v", next.Step, err)
	}
}

func TestAWithdrawnConsentEndsWhatTheClientHas(t *testing.T) {
	k := asking(t)
	b := newBrowser()
	asked := k.toConsent(b)
	next, err := k.Consent(t.Context(), asked.AttemptID, b.Browser, true)
	answer := b.answered(t, next, err)
	policy := registry.Refresh{Rotation: true, Sliding: 1 << 40, Absolute: 1 << 42}
	always := func(grant.Grant) *registry.Refresh { return &policy }
	got, err := k.grants.Redeem(t.Context(), grant.Redemption{
		Code: answer.Code, Issuer: issuer, ClientID: "agent-app", RedirectURI: redirect, Refresh: always,
	}, noCheck)
	k.must(err)
	given := broker.Consent{Account: "acme", UserID: "4711", ClientID: "agent-app"}
	k.must(k.Withdraw(t.Context(), given, "test"))
	if _, err := k.grants.Rotate(t.Context(), grant.Presented{Token: got.RefreshToken, Issuer: issuer, ClientID: "agent-app", Policy: policy}, noCheck); err == nil {
		t.Error("the client's refresh token lives on")
	}
	if next, err := k.Begin(t.Context(), request(), b.Browser); err != nil || next.Step != broker.StepConsent {
		t.Errorf("next time: step %d, %v", next.Step, err)
	}
	if err := k.Withdraw(t.Context(), given, "test"); !errors.Is(err, broker.ErrNotFound) {
		t.Errorf("withdrawn twice: %v", err)
	}
}

func noCheck(context.Context, grant.Grant) error { return nil }

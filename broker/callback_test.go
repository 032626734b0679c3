package broker_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

func reasonOf(err error) broker.Reason {
	var refused *broker.Refusal
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return ""
}

func TestAPostIsFetchedOnce(t *testing.T) {
	k, b := newKit(t), newBrowser()
	ctx := t.Context()
	params := k.sent(b, k.begin(b))
	params.Set("code", "c\x00&=\xff")
	handle, err := k.Keep(ctx, "acme", "corp", params, "192.0.2.1")
	k.must(err)
	kept, err := k.Kept(ctx, "acme", "corp", handle)
	if err != nil || kept.Encode() != params.Encode() {
		t.Fatalf("positive control: %v, %v", kept, err)
	}
	if _, err := k.Kept(ctx, "acme", "corp", handle); reasonOf(err) != broker.ReasonUsed {
		t.Errorf("a second time: %v", err)
	}
	if next, err := k.complete(b, kept); err != nil || next.Step != broker.StepAnswer {
		t.Errorf("completing it: %+v, %v", next, err)
	}
	if _, err := k.Keep(ctx, "acme", "corp", params, "192.0.2.1"); reasonOf(err) != broker.ReasonUsed {
		t.Errorf("posted after the login: %v", err)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	k, b := newKit(t), newBrowser()
	ctx := t.Context()
	params := k.sent(b, k.begin(b))
	for _, tc := range []struct {
		name, connection string
		account          registry.Account
		params           url.Values
		want             broker.Reason
	}{
		{"positive control", "corp", "acme", params, ""},
		{"an unknown state", "corp", "acme", url.Values{"state": {"guessed"}}, broker.ReasonUnknownAttempt},
		{"no state", "corp", "acme", url.Values{}, broker.ReasonUnknownAttempt},
		{"state of connection A used at B", "other", "acme", params, broker.ReasonUpstream},
		{"of tenant A at B", "corp", "globex", params, broker.ReasonUpstream},
	} {
		if _, err := k.Keep(ctx, tc.account, tc.connection, tc.params, "192.0.2.1"); reasonOf(err) != tc.want || tc.want == "" && err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	handle, err := k.Keep(ctx, "acme", "corp", params, "192.0.2.1")
	k.must(err)
	if _, err := k.Kept(ctx, "globex", "corp", handle); reasonOf(err) != broker.ReasonUpstream {
		t.Errorf("fetched at another tenant: %v", err)
	}
	handle, err = k.Keep(ctx, "acme", "corp", params, "192.0.2.1")
	k.must(err)
	k.pass(61 * time.Second)
	if _, err := k.Kept(ctx, "acme", "corp", handle); reasonOf(err) != broker.ReasonExpired {
		t.Errorf("fetched a minute later: %v", err)
	}
	k.pass(10 * time.Minute)
	if _, err := k.Keep(ctx, "acme", "corp", params, "192.0.2.1"); reasonOf(err) != broker.ReasonExpired {
		t.Errorf("posted to an attempt that has expired: %v", err)
	}
}

// TestAPostInAnotherBrowser: whoever makes a victim's browser post an attacker's response does not log the
// victim in.
func TestAPostInAnotherBrowser(t *testing.T) {
	k, attacker, victim := newKit(t), newBrowser(), newBrowser()
	handle, err := k.Keep(t.Context(), "acme", "corp", k.sent(attacker, k.begin(attacker)), "192.0.2.1")
	k.must(err)
	kept, err := k.Kept(t.Context(), "acme", "corp", handle)
	k.must(err)
	if _, err := k.complete(victim, kept); reasonOf(err) != broker.ReasonBrowser {
		t.Errorf("login CSRF: %v", err)
	}
}

// Unasked makes every IdP of a kit one that logs people in unasked.
func (i *idp) Unasked(_ context.Context, params url.Values) (mapping.Identity, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if params.Get("SAMLResponse") != "good" {
		return mapping.Identity{}, errors.New("it is not signed")
	}
	who := i.identity
	who.Connection = i.connection
	return who, i.err
}

const visits = `account: visits
name: Visits
legacy_tenant: "10010"
domains: [acme.example]
clients:
  - id: visited
    grant_types: [authorization_code]
    redirect_uris: [https://visited.example/cb]
    initiate_login_uri: https://visited.example/start?x=1
    require_secret: false
connections:
  - id: adfs
    type: saml
    metadata_url: https://adfs.example/metadata
    idp_initiated: visited
    mapping:
      - { name: by address, match: { email: "{{ .email }}" }, require: { email_verified: true } }
  - id: strict
    type: saml
    metadata_url: https://adfs.example/metadata
    mapping:
      - { name: by address, match: { email: "{{ .email }}" }, require: { email_verified: true } }
`

func TestALoginThatBeginsAtTheIdP(t *testing.T) {
	k, b := newKit(t), newBrowser()
	k.apply(strings.Replace(visits, "domains: [acme.example]\n", "", 1))
	ctx, good := t.Context(), url.Values{"SAMLResponse": {"good"}}
	handle, err := k.KeepUnasked(ctx, "visits", "adfs", good, "192.0.2.1")
	k.must(err)
	next, err := k.Unasked(ctx, "visits", "adfs", handle, issuer, b.Browser)
	if err != nil || next.Step != broker.StepRedirect || next.URL != "https://visited.example/start?iss="+url.QueryEscape(issuer)+"&x=1" {
		t.Fatalf("positive control: %+v, %v", next, err)
	}
	b.cookies[issuer] = next.Answer.SessionToken
	session, err := k.Session(ctx, issuer, b.Browser)
	if err != nil || session.IDP != "adfs" || session.Account != "visits" || session.UpstreamSession != "upstream-1" {
		t.Errorf("the session is %+v, %v", session, err)
	}
	if _, err := k.Unasked(ctx, "visits", "adfs", handle, issuer, b.Browser); reasonOf(err) != broker.ReasonUsed {
		t.Errorf("the handle again: %v", err)
	}
	for _, tc := range []struct {
		name, connection string
		account          registry.Account
		params           url.Values
		err              error
		want             broker.Reason
	}{
		{"IdP-initiated where not allowed", "strict", "visits", good, nil, broker.ReasonConnection},
		{"of OpenID Connect", "corp", "acme", good, nil, broker.ReasonConnection},
		{"an unknown connection", "other", "visits", good, nil, broker.ReasonConnection},
		{"not believed", "adfs", "visits", url.Values{"SAMLResponse": {"bad"}}, nil, broker.ReasonUpstream},
		{"out of reach", "adfs", "visits", good, federation.ErrUnreachable, broker.ReasonUpstreamDown},
	} {
		k.idps.err = tc.err
		if _, err := k.KeepUnasked(ctx, tc.account, tc.connection, tc.params, "192.0.2.1"); reasonOf(err) != tc.want {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

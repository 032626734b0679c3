package broker_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
)

// sso logs ana in at a session of the IdP, and returns her browser and a refresh token.
func (k *kit) sso(upstreamSession string) (*browser, string) {
	k.t.Helper()
	b := newBrowser()
	k.idps.mu.Lock()
	k.idps.identity.SessionID = upstreamSession
	k.idps.mu.Unlock()
	next, err := k.complete(b, k.sent(b, k.begin(b, challenged)))
	r, err2 := k.redeem(b.answered(k.t, next, err).Code)
	k.must(err2)
	return b, r.RefreshToken
}

// notice has the IdP say something, with a token of that name.
func (k *kit) notice(token string, n federation.LogoutNotice) broker.Notice {
	k.idps.mu.Lock()
	defer k.idps.mu.Unlock()
	if k.idps.notices == nil {
		k.idps.notices = map[string]federation.LogoutNotice{}
	}
	n.Expires = k.clock.Now().Add(time.Hour)
	k.idps.notices[token] = n
	return broker.Notice{Account: "acme", Connection: "corp", Token: token, Address: "192.0.2.9"}
}

// alive reports whether a browser's session and its refresh token are.
func (k *kit) alive(b *browser, refresh string) (session, token bool) {
	k.t.Helper()
	_, err := k.Session(k.t.Context(), issuer, b.Browser)
	if err != nil && !errors.Is(err, broker.ErrNotFound) {
		k.t.Fatal(err)
	}
	_, tokenErr := k.rotate(refresh)
	return err == nil, tokenErr == nil
}

// TestNoticesEndTheRightSessions: whom an IdP names, and nobody else.
func TestNoticesEndTheRightSessions(t *testing.T) {
	const subject = "idp|ana"
	for _, tc := range []struct {
		name   string
		notice federation.LogoutNotice
		first  bool // whether the session s1 ends; s2 is another of the same person
		second bool
	}{
		{"a session", federation.LogoutNotice{Sessions: []string{"s1"}, ID: "j"}, true, false},
		{"a session of the person", federation.LogoutNotice{Subject: subject, Sessions: []string{"s1"}, ID: "j"}, true, false},
		{"all of the person", federation.LogoutNotice{Subject: subject, ID: "j"}, true, true},
		{"several sessions", federation.LogoutNotice{Subject: subject, Sessions: []string{"s1", "s2"}, ID: "j"}, true, true},
		{"a session of somebody else", federation.LogoutNotice{Subject: "idp|bob", Sessions: []string{"s1"}, ID: "j"}, false, false},
		{"an unknown session", federation.LogoutNotice{Sessions: []string{"s3"}, ID: "j"}, false, false},
		{"a session in another case", federation.LogoutNotice{Sessions: []string{"S1"}, ID: "j"}, false, false},
		{"a subject where sessions are", federation.LogoutNotice{Sessions: []string{subject}, ID: "j"}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := newKit(t)
			first, firstToken := k.sso("s1")
			second, secondToken := k.sso("s2")
			local := newBrowser()
			k.login(local)
			ended, err := k.Notified(t.Context(), k.notice("t", tc.notice))
			k.must(err)
			want := 0
			for _, row := range []struct {
				b       *browser
				refresh string
				ends    bool
			}{{first, firstToken, tc.first}, {second, secondToken, tc.second}} {
				if row.ends {
					want++
				}
				if session, token := k.alive(row.b, row.refresh); session == row.ends || token == row.ends {
					t.Errorf("session alive %v, refresh token %v", session, token)
				}
			}
			if ended != want || len(k.logged(broker.SessionEnded)) != want {
				t.Errorf("%d ended, %d in the log, want %d", ended, len(k.logged(broker.SessionEnded)), want)
			}
			due, err := k.store.DueLogouts(t.Context(), k.clock.Now().Add(time.Minute), nil, 10)
			k.must(err)
			if len(due) != want {
				t.Errorf("%d clients are told, want %d", len(due), want)
			}
			if _, err := k.Session(t.Context(), issuer, local.Browser); err != nil {
				t.Errorf("the session with a password: %v", err)
			}
		})
	}
}

// TestNoticeReachesWhatOutlivedTheSession: refresh tokens last longer than sessions.
func TestNoticeReachesWhatOutlivedTheSession(t *testing.T) {
	k := newKit(t)
	b, refresh := k.sso("s1")
	k.pass(15 * time.Hour)
	_, err := k.store.Sweep(t.Context(), k.clock.Now(), broker.Retention{})
	k.must(err)
	if _, err := k.Session(t.Context(), issuer, b.Browser); !errors.Is(err, broker.ErrNotFound) {
		t.Fatalf("the session: %v", err)
	}
	ended, err := k.Notified(t.Context(), k.notice("t", federation.LogoutNotice{Subject: "idp|ana", ID: "j"}))
	k.must(err)
	if _, token := k.alive(b, refresh); ended != 1 || token {
		t.Errorf("%d ended, refresh token alive: %v", ended, token)
	}
}

// TestATroubledNoticeCanBeRepeated: an IdP sends the same token again when it was told of trouble of ours.
func TestATroubledNoticeCanBeRepeated(t *testing.T) {
	for name, late := range map[string]bool{"nothing was done": false, "only the reply was lost": true} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			first, firstToken := k.sso("s1")
			second, secondToken := k.sso("s2")
			n := k.notice("t", federation.LogoutNotice{Subject: "idp|ana", ID: "j"})
			k.store.arm(2, late) // the second of its sessions
			if _, err := k.Notified(t.Context(), n); !errors.Is(err, errDown) {
				t.Fatalf("the store failed, and the notice: %v", err)
			}
			k.store.disarm()
			if _, err := k.Notified(t.Context(), n); err != nil {
				t.Fatalf("again: %v", err)
			}
			for b, refresh := range map[*browser]string{first: firstToken, second: secondToken} {
				if session, token := k.alive(b, refresh); session || token {
					t.Errorf("session alive %v, refresh token %v", session, token)
				}
			}
			third, thirdToken := k.sso("s3")
			_, err := k.Notified(t.Context(), n)
			k.logoutRefused(err, broker.ReasonUsed)
			if session, token := k.alive(third, thirdToken); !session || !token {
				t.Error("a replay has ended a later session")
			}
		})
	}
}

func TestNoticesRefused(t *testing.T) {
	k := newKit(t)
	_, _ = k.sso("s1")
	good := k.notice("good", federation.LogoutNotice{Sessions: []string{"s1"}, ID: "j-1"})
	if _, err := k.Notified(t.Context(), good); err != nil {
		t.Fatal("positive control:", err)
	}
	b, refresh := k.sso("s1") // again, with the same session there
	edit := func(change func(*broker.Notice)) broker.Notice {
		n := good
		change(&n)
		return n
	}
	front := broker.Notice{Account: "acme", Connection: "corp", Issuer: "https://attacker.example", Session: "s1"}
	for _, tc := range []struct {
		name string
		n    broker.Notice
		want broker.Reason
	}{
		{"replayed", good, broker.ReasonUsed},
		{"another token with the same jti", k.notice("again", federation.LogoutNotice{Sessions: []string{"s1"}, ID: "j-1"}), broker.ReasonUsed},
		{"forged", edit(func(n *broker.Notice) { n.Token = "forged" }), broker.ReasonUpstream},
		{"front channel of another issuer", front, broker.ReasonUpstream},
		{"a connection that is not there", edit(func(n *broker.Notice) { n.Connection = "nowhere" }), broker.ReasonConnection},
	} {
		_, err := k.Notified(t.Context(), tc.n)
		t.Log(tc.name)
		k.logoutRefused(err, tc.want)
	}
	// The same jti elsewhere is another notice: it ends what came from there, which is nothing.
	for name, elsewhere := range map[string]broker.Notice{
		"at another connection": edit(func(n *broker.Notice) { n.Connection = "partner" }),
		"at another tenant":     edit(func(n *broker.Notice) { n.Account = "globex" }),
	} {
		if ended, err := k.Notified(t.Context(), elsewhere); err != nil || ended != 0 {
			t.Errorf("%s: %d, %v", name, ended, err)
		}
	}
	k.idps.unreachable = federation.ErrUnreachable
	_, err := k.Notified(t.Context(), edit(func(n *broker.Notice) { n.Token = "fresh" }))
	refused(t, err, broker.ReasonUpstreamDown)
	k.idps.unreachable = nil
	k.change("corp", func(c *registry.Connection) { c.Enabled = false })
	_, err = k.Notified(t.Context(), k.notice("late", federation.LogoutNotice{Sessions: []string{"s1"}, ID: "j-2"}))
	k.logoutRefused(err, broker.ReasonConnection)

	if session, token := k.alive(b, refresh); !session || !token {
		t.Errorf("session alive %v, refresh token %v", session, token)
	}
	if n := len(k.logged(broker.LogoutRefused)); n != 7 {
		t.Errorf("%d refusals in the log", n)
	}
}

func TestFrontChannelNotice(t *testing.T) {
	k := newKit(t)
	b, refresh := k.sso("s1")
	n := broker.Notice{Account: "acme", Connection: "corp", Issuer: "https://idp.example", Session: "s1"}
	for _, want := range []int{1, 0} { // a browser may open it twice
		if ended, err := k.Notified(t.Context(), n); err != nil || ended != want {
			t.Errorf("%d, %v; want %d", ended, err, want)
		}
	}
	if session, token := k.alive(b, refresh); session || token {
		t.Errorf("session alive %v, refresh token %v", session, token)
	}
}

// logoutRefused checks that a logout was refused, in words that are not a login's, and why.
func (k *kit) logoutRefused(err error, why broker.Reason) {
	k.t.Helper()
	if text := refused(k.t, err, broker.ReasonLogout).Error(); !strings.HasPrefix(text, "logout refused: "+string(why)) {
		k.t.Errorf("it says %q, want %s", text, why)
	}
	events := k.logged(broker.LogoutRefused)
	if len(events) == 0 || !slices.ContainsFunc(events, func(e broker.Event) bool { return e.Reason == string(why) }) ||
		slices.ContainsFunc(events, func(e broker.Event) bool { return strings.Contains(e.Detail["detail"], "login refused") }) {
		k.t.Errorf("the audit log has %+v, want %s", events, why)
	}
}

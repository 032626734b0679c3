package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// reachedBy stores a session of a user that these clients learned of.
func reachedBy(t *testing.T, s Store, account registry.Account, user mapping.UserID, clients ...string) broker.Session {
	t.Helper()
	session := sampleSession()
	session.Account, session.UserID = account, user
	for i, client := range clients {
		st := broker.Settlement{Nonce: id.New(), Reached: &broker.SessionClient{
			SessionID: session.ID, ClientID: client, Audience: client, ReachedAt: now(), ExpiresAt: session.AbsoluteAt,
		}}
		if i == 0 {
			st.Session = session
		}
		must(t, s.Settle(t.Context(), st))
	}
	return *session
}

// due returns all logouts that are due at a time, as "client of session's user".
func due(t *testing.T, s Store, at time.Time, passOver ...string) []broker.Logout {
	t.Helper()
	all, err := s.DueLogouts(t.Context(), at, passOver, 100)
	must(t, err)
	return all
}

func clientsOf(logouts []broker.Logout) []string {
	var names []string
	for _, l := range logouts {
		names = append(names, string(l.UserID)+"@"+l.ClientID)
	}
	slices.Sort(names)
	return names
}

func sessionClients(t *testing.T, s Store) {
	session := reachedBy(t, s, account, "4711", "agent-app", "second-app")
	again := broker.SessionClient{
		SessionID: session.ID, ClientID: "agent-app", Audience: "Agent-App",
		ReachedAt: now().Add(time.Minute), ExpiresAt: session.AbsoluteAt,
	}
	must(t, s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Reached: &again}))
	clients := get(t, s.SessionClients, session.ID)
	slices.SortFunc(clients, func(a, b broker.SessionClient) int { return len(a.ClientID) - len(b.ClientID) })
	if len(clients) != 2 || clients[1].ClientID != "second-app" {
		t.Fatalf("clients are %+v", clients)
	}
	same(t, clients[0], again)
	same(t, len(get(t, s.SessionClients, id.New())), 0)

	errs := race(16, func(int) error {
		sc := again
		sc.ClientID = "third-app"
		return s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Reached: &sc})
	})
	for _, err := range errs {
		must(t, err)
	}
	same(t, len(get(t, s.SessionClients, session.ID)), 3)
}

// logoutsFilled: what ends a session tells the clients of that session, and no others, once.
func logoutsFilled(t *testing.T, s Store) {
	ended := reachedBy(t, s, account, "4711", "agent-app", "second-app")
	reachedBy(t, s, account, "4711", "agent-app")
	reachedBy(t, s, account, "4718", "agent-app")
	reachedBy(t, s, "globex", "4711", "globex-app")
	later := now().Add(time.Minute)
	same(t, len(due(t, s, later)), 0)
	for range 2 {
		e := sampleEvent(broker.SessionEnded)
		must(t, s.EndSession(t.Context(), ended.ID, sampleRevocation(grant.KindSession, ended.ID.String()), e))
	}
	same(t, clientsOf(due(t, s, later)), []string{"4711@agent-app", "4711@second-app"})
	first := due(t, s, later)[0]
	same(t, []any{first.SessionID, first.Issuer, first.Account, first.Tries}, []any{ended.ID, ended.Issuer, ended.Account, 0})

	for _, test := range []struct {
		kind    grant.Kind
		subject string
		want    []string
	}{
		{grant.KindToken, "jti", nil},
		{grant.KindGrant, id.New().String(), nil},
		{grant.KindClient, "agent-app", nil},
		{grant.KindUser, grant.UserSubject(account, "4711"), []string{"4711@agent-app"}},
		{grant.KindTenant, account, []string{"4718@agent-app"}},
		{grant.KindTenant, "globex", []string{"4711@globex-app"}},
	} {
		for _, l := range due(t, s, later) {
			must(t, s.FinishLogout(t.Context(), l, nil))
		}
		for range 2 {
			must(t, s.Revoke(t.Context(), []grant.Revocation{sampleRevocation(test.kind, test.subject)}))
		}
		if got := clientsOf(due(t, s, later)); !slices.Equal(got, test.want) {
			t.Errorf("%s %s told %v, want %v", test.kind, test.subject, got, test.want)
		}
	}
}

// logoutClaimed: of several servers one delivers; what it does not finish is due again.
func logoutClaimed(t *testing.T, s Store) {
	session := reachedBy(t, s, account, "4711", "agent-app", "second-app")
	must(t, s.Revoke(t.Context(), []grant.Revocation{sampleRevocation(grant.KindSession, session.ID.String())}))
	at := now().Add(time.Minute)
	same(t, len(due(t, s, at)), 2)
	same(t, clientsOf(due(t, s, at, "second-app", "third-app")), []string{"4711@agent-app"})
	l := due(t, s, at, "second-app")[0]
	until := at.Add(time.Minute)
	oneWinner(t, race(16, func(int) error { return s.ClaimLogout(t.Context(), l, until) }), broker.ErrConflict)
	same(t, clientsOf(due(t, s, at)), []string{"4711@second-app"})
	claimed := due(t, s, until, "second-app")[0]
	same(t, []any{claimed.Tries, claimed.NextAt}, []any{1, until})

	must(t, s.PostponeLogout(t.Context(), claimed, at.Add(time.Hour)))
	same(t, len(due(t, s, until)), 1)
	same(t, len(due(t, s, at.Add(time.Hour))), 2)

	e := sampleEvent(broker.LogoutFailed)
	must(t, s.FinishLogout(t.Context(), claimed, &e))
	same(t, clientsOf(due(t, s, at.Add(time.Hour))), []string{"4711@second-app"})
	same(t, len(allEvents(t, s)), 1)
	wantErr(t, s.ClaimLogout(t.Context(), claimed, until), broker.ErrConflict)
}

func sessionsListed(t *testing.T, s Store) {
	ended := reachedBy(t, s, account, "4711", "agent-app")
	must(t, s.Revoke(t.Context(), []grant.Revocation{sampleRevocation(grant.KindSession, ended.ID.String())}))
	live, other := reachedBy(t, s, account, "4711", "agent-app"), reachedBy(t, s, account, "4718", "agent-app")
	reachedBy(t, s, "globex", "4711", "globex-app")
	list := func(user mapping.UserID, at time.Time, limit int) []id.ID {
		t.Helper()
		found, err := s.LiveSessions(t.Context(), account, user, at, limit)
		must(t, err)
		var ids []id.ID
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		return ids
	}
	same(t, list("", now(), 10), []id.ID{other.ID, live.ID})
	same(t, list("", now(), 1), []id.ID{other.ID})
	same(t, list("4711", now(), 10), []id.ID{live.ID})
	same(t, len(list("", other.ExpiresAt, 10)), 0)
}

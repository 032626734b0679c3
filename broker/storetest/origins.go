package storetest

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// cameFrom stores a session of a person at an IdP, with a refresh token.
func cameFrom(t *testing.T, s Store, subject, session string) (broker.Session, grant.Family) {
	t.Helper()
	st := settlement(t, s)
	st.Session.UpstreamSubject, st.Session.UpstreamSession = subject, session
	must(t, s.Settle(t.Context(), st))
	f := sampleFamily()
	f.Grant.SessionID = st.Session.ID
	f.AbsoluteAt = f.AbsoluteAt.AddDate(0, 1, 0)
	f.ExpiresAt = f.AbsoluteAt
	putFamily(t, s, f)
	return *st.Session, f
}

func sessionsFrom(t *testing.T, s Store, o broker.Origin) map[id.ID]bool {
	t.Helper()
	found, err := s.SessionsFrom(t.Context(), o, 100)
	must(t, err)
	ids := map[id.ID]bool{}
	for _, f := range found {
		same(t, string(f.UserID), "4711")
		ids[f.ID] = true
	}
	return ids
}

func originsFound(t *testing.T, s Store) {
	first, _ := cameFrom(t, s, "ana", "s1")
	again, _ := cameFrom(t, s, "ana", "s1")
	second, _ := cameFrom(t, s, "ana", "s2")
	other, _ := cameFrom(t, s, "bob", "s1")
	noSession, _ := cameFrom(t, s, "ana", "")
	local := sampleSession()
	local.IDP, local.UpstreamSubject, local.UpstreamSession = broker.LocalIDP, "", ""
	must(t, s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Session: local}))

	of := func(sessions ...broker.Session) map[id.ID]bool {
		ids := map[id.ID]bool{}
		for _, session := range sessions {
			ids[session.ID] = true
		}
		return ids
	}
	o := first.Origin()
	for _, test := range []struct {
		name string
		o    broker.Origin
		want map[id.ID]bool
	}{
		{"a session of a person", o, of(first, again, noSession)}, // which cannot tell whether it is the one
		{"all of a person", broker.Origin{Subject: o.Subject}, of(first, again, second, noSession)},
		{"a session", broker.Origin{Session: o.Session}, of(first, again, other)},
		{"a session of somebody else", broker.Origin{Subject: other.Origin().Subject, Session: second.Origin().Session}, of()},
		{"nobody", broker.Origin{}, of()},
	} {
		t.Run(test.name, func(t *testing.T) { same(t, sessionsFrom(t, s, test.o), test.want) })
	}
	limited, err := s.SessionsFrom(t.Context(), broker.Origin{Subject: o.Subject}, 2)
	must(t, err)
	same(t, len(limited), 2)
}

// originOutlives: an IdP can end what came from it after the session itself is gone.
func originOutlives(t *testing.T, s Store) {
	live, family := cameFrom(t, s, "ana", "s1")
	end := func(session id.ID) {
		t.Helper()
		for range 2 { // the second finds nothing to do
			must(t, s.EndSessionFrom(t.Context(), session, sampleRevocation(grant.KindSession, session.String()), sampleEvent(broker.SessionEnded)))
		}
		same(t, len(sessionsFrom(t, s, live.Origin())), 0)
	}
	end(live.ID)
	if get(t, s.Session, live.ID).EndedAt.IsZero() || get(t, s.FindFamily, family.ID).RevokedAt.IsZero() {
		t.Error("the session or its refresh token lives")
	}
	before := len(allEvents(t, s))

	gone, family := cameFrom(t, s, "ana", "s1")
	_, err := s.Sweep(t.Context(), now().AddDate(0, 0, 14), broker.Retention{})
	must(t, err)
	_, err = s.Session(t.Context(), gone.ID)
	wantErr(t, err, broker.ErrNotFound)
	end(gone.ID)
	if get(t, s.FindFamily, family.ID).RevokedAt.IsZero() {
		t.Error("the refresh token of a session that is gone lives")
	}
	same(t, len(allEvents(t, s)), before+2+1) // those of the login, and one

	cameFrom(t, s, "ana", "s1")
	_, err = s.Sweep(t.Context(), now().AddDate(1, 0, 0), broker.Retention{})
	must(t, err)
	same(t, len(sessionsFrom(t, s, live.Origin())), 0)
}

// sessionsHeld: what a user opened on a connection under another external id, and nothing else.
func sessionsHeld(t *testing.T, s Store) {
	opened := func(change func(*broker.Session)) broker.Session {
		st := settlement(t, s)
		st.Session.ExternalID, st.Session.UpstreamSubject, st.Session.UpstreamSession = "old", "", ""
		change(st.Session)
		must(t, s.Settle(t.Context(), st))
		return *st.Session
	}
	first := opened(func(*broker.Session) {})
	again := opened(func(s *broker.Session) { s.ExternalID = "older" })
	present := opened(func(s *broker.Session) { s.ExternalID = "new" })
	for _, change := range []func(*broker.Session){
		func(s *broker.Session) { s.UserID = "4712" },
		func(s *broker.Session) { s.IDP = "other" },
		func(s *broker.Session) { s.IDP = broker.LocalIDP },
		func(s *broker.Session) { s.Account = "globex" },
	} {
		opened(change)
	}
	held := func(limit int) map[id.ID]bool {
		found, err := s.SessionsHeld(t.Context(), present.Holding(), limit)
		must(t, err)
		ids := map[id.ID]bool{}
		for _, f := range found {
			same(t, string(f.UserID), "4711")
			ids[f.ID] = true
		}
		return ids
	}
	same(t, held(100), map[id.ID]bool{first.ID: true, again.ID: true})
	same(t, len(held(1)), 1)
	must(t, s.EndSessionFrom(t.Context(), again.ID, sampleRevocation(grant.KindSession, again.ID.String()), sampleEvent(broker.SessionEnded)))
	same(t, held(100), map[id.ID]bool{first.ID: true})
}

func departureTaken(t *testing.T, s Store) {
	put := func() broker.Departure {
		d := broker.Departure{
			State: newHash(), Account: account, Connection: "corp", Browser: newHash(),
			ReturnURI: "https://agent.example/?a=%27", UILocales: []string{"nb", "en"}, SealedMemo: []byte{0, 0xff},
			ExpiresAt: now().Add(time.Minute),
		}
		must(t, s.InsertDeparture(t.Context(), d))
		return d
	}
	d, nonce := put(), id.New()
	for range 2 { // the second is what a retry after a lost reply does
		got, err := s.TakeDeparture(t.Context(), d.State, nonce)
		must(t, err)
		same(t, got, d)
	}
	for _, state := range []grant.Hash{d.State, newHash()} {
		_, err := s.TakeDeparture(t.Context(), state, id.New())
		wantErr(t, err, broker.ErrNotFound)
	}
	raced := put()
	oneWinner(t, race(16, func(int) error {
		_, err := s.TakeDeparture(t.Context(), raced.State, id.New())
		return err
	}), broker.ErrNotFound)

	swept := put()
	_, err := s.Sweep(t.Context(), now().Add(time.Hour), broker.Retention{})
	must(t, err)
	_, err = s.TakeDeparture(t.Context(), swept.State, id.New())
	wantErr(t, err, broker.ErrNotFound)
}

package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// settlement is what a federated login leaves behind. Its attempt is stored.
func settlement(t *testing.T, s Store) broker.Settlement {
	t.Helper()
	a, session, login, code := putAttempt(t, s), sampleSession(), sampleLogin(), sampleCode()
	a.State = broker.StateDone
	return broker.Settlement{
		Attempt: a, From: []broker.State{broker.StateNew, broker.StateReturned}, Nonce: id.New(),
		Session: session, Login: login, Code: &code,
		Reached: &broker.SessionClient{
			SessionID: session.ID, ClientID: "agent-app", Audience: "Agent-App", ReachedAt: now(), ExpiresAt: session.AbsoluteAt,
		},
		Link: &broker.Link{
			Account: account, Key: mapping.LinkKey{Connection: "corp", ExternalID: "auth0|" + login.ID.String()},
			UserID: mapping.UserID(login.ID.String()), LoginID: login.ID, CreatedAt: now(),
		},
		Events: []broker.Event{sampleEvent(broker.LoginSucceeded), sampleEvent(broker.LinkCreated)},
	}
}

func settleRoundTrip(t *testing.T, s Store) {
	st := settlement(t, s)
	must(t, s.Settle(t.Context(), st))
	same(t, get(t, s.Attempt, st.Attempt.ID), st.Attempt)
	same(t, get(t, s.Session, st.Session.ID), *st.Session)
	same(t, get(t, s.SessionByToken, st.Session.Token), *st.Session)
	same(t, get(t, s.SessionClients, st.Session.ID), []broker.SessionClient{*st.Reached})
	same(t, get(t, s.Login, st.Login.ID), *st.Login)
	same(t, get(t, s.FindCode, st.Code.Hash), *st.Code)
	user, err := s.LinkedUser(t.Context(), account, st.Link.Key)
	must(t, err)
	same(t, user, st.Link.UserID)
	if events := allEvents(t, s); len(events) != 2 {
		t.Errorf("%d events", len(events))
	}

	wantErr(t, s.Settle(t.Context(), settleAnew(st)), broker.ErrConflict)
}

// settleAnew is the same settlement by another request.
func settleAnew(st broker.Settlement) broker.Settlement {
	st.Nonce = id.New()
	return st
}

func settleAgain(t *testing.T, s Store) {
	st := settlement(t, s)
	for range 2 {
		must(t, s.Settle(t.Context(), st))
	}
	if events := allEvents(t, s); len(events) != 2 {
		t.Errorf("%d events", len(events))
	}
}

func settleRollback(t *testing.T, s Store) {
	first := settlement(t, s)
	must(t, s.Settle(t.Context(), first))
	for _, test := range []struct {
		name  string
		spoil func(*broker.Settlement)
		want  error // nil means any
	}{
		{"attempt in another state", func(st *broker.Settlement) { st.From = []broker.State{broker.StateSent} }, broker.ErrConflict},
		{"link of another user", func(st *broker.Settlement) { st.Link.Key = first.Link.Key }, mapping.ErrLinkExists},
		{"session twice", func(st *broker.Settlement) { st.Session = first.Session }, nil},
		{"code twice", func(st *broker.Settlement) { st.Code = first.Code }, nil},
		{"login twice", func(st *broker.Settlement) { st.Login = first.Login }, nil},
		{"event twice", func(st *broker.Settlement) { st.Events[1] = first.Events[0] }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := settlement(t, s)
			good := st
			link, events := *st.Link, []broker.Event{st.Events[0], st.Events[1]}
			test.spoil(&st)
			err := s.Settle(t.Context(), st)
			if err == nil {
				t.Fatal("settled")
			}
			if test.want != nil {
				wantErr(t, err, test.want)
			}
			if a := get(t, s.Attempt, st.Attempt.ID); a.State != broker.StateNew {
				t.Errorf("attempt is %s", a.State)
			}
			good.Link, good.Events = &link, events
			must(t, s.Settle(t.Context(), good)) // which meets nothing of its own
		})
	}
}

func linksUnique(t *testing.T, s Store) {
	link := broker.Link{Account: account, Key: mapping.LinkKey{Connection: "corp", ExternalID: "7"}, UserID: "4711", CreatedAt: now()}
	settle := func(l broker.Link) error {
		return s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Link: &l})
	}
	must(t, settle(link))
	for _, test := range []struct {
		name   string
		change func(*broker.Link)
		want   error
	}{
		{"the same link", func(*broker.Link) {}, nil},
		{"another user with the same external id", func(l *broker.Link) { l.UserID = "4712" }, mapping.ErrLinkExists},
		{"the same user with another external id", func(l *broker.Link) { l.Key.ExternalID = "8" }, mapping.ErrLinkExists},
		{"on another connection", func(l *broker.Link) { l.Key.Connection = "adfs" }, nil},
		{"at another tenant", func(l *broker.Link) { l.Account = "globex" }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := link
			test.change(&l)
			wantErr(t, settle(l), test.want)
		})
	}
	_, err := s.LinkedUser(t.Context(), account, mapping.LinkKey{Connection: "corp", ExternalID: "8"})
	wantErr(t, err, broker.ErrNotFound)
	for user, want := range map[mapping.UserID][]string{"4711": {"adfs", "corp"}, "4712": nil} {
		connections, err := s.LinkedConnections(t.Context(), account, user)
		must(t, err)
		slices.Sort(connections)
		same(t, connections, want)
	}
}

// identifiersAreBytes stores one key in every spelling that a collation may take for the same.
func identifiersAreBytes(t *testing.T, s Store) {
	spellings := []string{"abc", "abc ", "ABC", "\u00e4bc", "a\u0308bc", "abc\x00", "\xff\xfe", " abc"}
	for i, spelling := range spellings {
		must(t, s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Link: &broker.Link{
			Account: account, Key: mapping.LinkKey{Connection: "corp", ExternalID: spelling},
			UserID: mapping.UserID(rune('0' + i)), CreatedAt: now(),
		}}))
	}
	for i, spelling := range spellings {
		user, err := s.LinkedUser(t.Context(), account, mapping.LinkKey{Connection: "corp", ExternalID: spelling})
		must(t, err)
		same(t, user, mapping.UserID(rune('0'+i)))
	}
}

func sameUpdate(t *testing.T, s Store) {
	st := settlement(t, s)
	must(t, s.Settle(t.Context(), st))
	seen := now().Add(time.Minute)
	for range 2 {
		must(t, s.TouchSession(t.Context(), st.Session.ID, seen, seen.Add(time.Hour)))
	}
	got := get(t, s.Session, st.Session.ID)
	same(t, []time.Time{got.SeenAt, got.ExpiresAt}, []time.Time{seen, seen.Add(time.Hour)})
	wantErr(t, s.TouchSession(t.Context(), id.New(), seen, seen), broker.ErrNotFound)
}

func sessionEnds(t *testing.T, s Store) {
	st := settlement(t, s)
	must(t, s.Settle(t.Context(), st))
	f := sampleFamily()
	f.Grant.SessionID = st.Session.ID
	putFamily(t, s, f)
	e := sampleEvent(broker.SessionEnded)
	for range 2 {
		r := sampleRevocation(grant.KindSession, st.Session.ID.String())
		must(t, s.EndSession(t.Context(), st.Session.ID, r, e))
	}
	same(t, get(t, s.Session, st.Session.ID).EndedAt, e.At)
	if get(t, s.FindFamily, f.ID).RevokedAt.IsZero() {
		t.Error("the session's family lives")
	}
	if n := len(get(t, s.Revocations, now())); n != 1 {
		t.Errorf("%d revocations", n)
	}
	wantErr(t, s.TouchSession(t.Context(), st.Session.ID, now(), now()), broker.ErrNotFound)
	wantErr(t, s.EndSession(t.Context(), id.New(), sampleRevocation(grant.KindSession, ""), e), broker.ErrNotFound)
}

// settleRenews: a session goes on with another login, whoever held its token before.
func settleRenews(t *testing.T, s Store) {
	first := settlement(t, s)
	must(t, s.Settle(t.Context(), first))
	next := settlement(t, s)
	next.Session.ID, next.Session.CreatedAt, next.Renews = first.Session.ID, first.Session.CreatedAt, first.Session.Token
	next.Session.Browser = first.Session.Browser
	next.Session.UpstreamSession, next.Session.AbsoluteAt = "another session there", first.Session.AbsoluteAt.Add(time.Hour)
	next.Reached.SessionID, next.Reached.ClientID, next.Reached.ExpiresAt = first.Session.ID, "spa", next.Session.AbsoluteAt
	for range 2 { // the second time, only the reply had been lost
		must(t, s.Settle(t.Context(), next))
	}
	same(t, get(t, s.SessionByToken, next.Session.Token), *next.Session)
	_, err := s.SessionByToken(t.Context(), first.Session.Token)
	wantErr(t, err, broker.ErrNotFound)
	clients := get(t, s.SessionClients, first.Session.ID)
	same(t, len(clients), 2)
	for _, c := range clients {
		same(t, c.ExpiresAt, next.Session.AbsoluteAt)
	}
	for origin, want := range map[broker.Origin]int{first.Session.Origin(): 0, next.Session.Origin(): 1} {
		found, err := s.SessionsFrom(t.Context(), origin, 10)
		must(t, err)
		same(t, len(found), want)
	}

	late := settlement(t, s)
	late.Session.ID, late.Renews = first.Session.ID, first.Session.Token
	wantErr(t, s.Settle(t.Context(), late), broker.ErrConflict)
	same(t, get(t, s.Attempt, late.Attempt.ID).State, broker.StateNew)
	must(t, s.EndSession(t.Context(), first.Session.ID, sampleRevocation(grant.KindSession, first.Session.ID.String()), sampleEvent(broker.SessionEnded)))
	late.Renews = next.Session.Token
	wantErr(t, s.Settle(t.Context(), late), broker.ErrConflict)
}

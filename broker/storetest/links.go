package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

func sampleLink(user mapping.UserID, external string) broker.Link {
	return broker.Link{
		Account: account, Key: mapping.LinkKey{Connection: "corp", ExternalID: external}, UserID: user, LoginID: id.New(), CreatedAt: now(),
	}
}

func linkReplaced(t *testing.T, s Store) {
	save := func(l broker.Link) error {
		return s.Settle(t.Context(), broker.Settlement{Nonce: id.New(), Link: &l, Events: []broker.Event{sampleEvent(broker.LinkReplaced)}})
	}
	must(t, save(sampleLink("7", "old")))
	must(t, save(sampleLink("8", "other")))
	for _, test := range []struct {
		external string
		proof    *mapping.Replacement
	}{
		{"new", nil},
		{"new", &mapping.Replacement{Previous: "older"}},
		{"new", &mapping.Replacement{Previous: "Old"}},
		{"other", &mapping.Replacement{Previous: "old"}}, // which is somebody else
		{"other", &mapping.Replacement{}},
	} {
		l := sampleLink("7", test.external)
		l.Replace = test.proof
		wantErr(t, save(l), mapping.ErrLinkExists)
		same(t, linkedTo(t, s, "old"), mapping.UserID("7"))
	}
	l := sampleLink("7", "new")
	l.Replace = &mapping.Replacement{Previous: "old"}
	must(t, save(l))
	must(t, save(l)) // it is there
	same(t, linkedTo(t, s, "new"), mapping.UserID("7"))
	_, err := s.LinkedUser(t.Context(), account, mapping.LinkKey{Connection: "corp", ExternalID: "old"})
	wantErr(t, err, broker.ErrNotFound)
	l = sampleLink("7", "newer")
	l.Replace = &mapping.Replacement{}
	must(t, save(l))
	same(t, linkedTo(t, s, "newer"), mapping.UserID("7"))
	same(t, linkedTo(t, s, "other"), mapping.UserID("8"))
}

func linkedTo(t *testing.T, s Store, external string) mapping.UserID {
	t.Helper()
	user, err := s.LinkedUser(t.Context(), account, mapping.LinkKey{Connection: "corp", ExternalID: external})
	must(t, err)
	return user
}

func linksInBulk(t *testing.T, s Store) {
	var links []broker.Link
	for i := range 25 {
		links = append(links, sampleLink(mapping.UserID(fmt.Sprint(i)), fmt.Sprintf("x%02d", i)))
	}
	event := sampleEvent(broker.LinkCreated)
	wantErr(t, s.SaveLinks(t.Context(), append(links[:3:3], sampleLink("1", "y")), []broker.Event{event}), mapping.ErrLinkExists)
	all, err := s.Links(t.Context(), account, "corp", "", 100)
	must(t, err)
	same(t, len(all)+len(allEvents(t, s)), 0)

	must(t, s.SaveLinks(t.Context(), links, []broker.Event{event}))
	must(t, s.SaveLinks(t.Context(), links[:5], nil)) // they are there
	elsewhere := sampleLink("1", "x01")
	elsewhere.Key.Connection = "other"
	must(t, s.SaveLinks(t.Context(), []broker.Link{elsewhere}, nil))
	same(t, allEvents(t, s), []broker.Event{event})
	all = nil
	for after := ""; ; after = all[len(all)-1].Key.ExternalID {
		page, err := s.Links(t.Context(), account, "corp", after, 10)
		must(t, err)
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
	}
	same(t, all, links)
}

func loginsInPages(t *testing.T, s Store) {
	at := now()
	var want []id.ID
	for i := range 7 {
		l := sampleLogin()
		l.At = at.Add(time.Duration(i/3) * time.Second) // three at a time
		must(t, s.RecordLogin(t.Context(), *l, sampleEvent(broker.LoginSucceeded)))
		want = append(want, l.ID)
	}
	for _, change := range []func(*broker.Login){
		func(l *broker.Login) { l.At = at.Add(-time.Second) },
		func(l *broker.Login) { l.Account = "globex" },
		func(l *broker.Login) { l.Connection = broker.LocalIDP },
	} {
		l := sampleLogin()
		l.At = at
		change(l)
		must(t, s.RecordLogin(t.Context(), *l, sampleEvent(broker.LoginSucceeded)))
	}
	seen := map[id.ID]bool{}
	var mark broker.LoginMark
	for {
		page, err := s.LoginsThrough(t.Context(), account, "corp", at, mark, 2)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, l := range page {
			if seen[l.ID] || !mark.At.IsZero() && l.At.After(mark.At) {
				t.Errorf("login of %s comes after that of %s, or twice", l.At, mark.At)
			}
			seen[l.ID] = true
			mark = broker.LoginMark{At: l.At, ID: l.ID}
		}
	}
	for _, login := range want {
		if !seen[login] {
			t.Errorf("login %s is left out", login)
		}
	}
	same(t, len(seen), len(want))
}

func loginsTallied(t *testing.T, s Store) {
	from := now()
	record := func(account string, user mapping.UserID, connection string, at time.Time, reason broker.Reason) {
		l := sampleLogin()
		l.Account, l.UserID, l.Connection, l.At, l.Reason = "acme", user, connection, at, reason
		if account != "" {
			l.Account = "globex"
		}
		must(t, s.RecordLogin(t.Context(), *l, sampleEvent(broker.LoginSucceeded)))
	}
	for range 3 {
		record("", "1", broker.LocalIDP, from, "")
	}
	record("", "2", "corp", from, "")
	record("", "2", "other", from.Add(time.Minute), "")
	record("", "3", "corp", from, "")
	record("", "3", broker.LocalIDP, from, "")
	record("", "4", broker.LocalIDP, from, "")
	record("globex", "1", "corp", from, "")
	record("", "5", broker.LocalIDP, from.Add(-time.Microsecond), "")
	record("", "6", broker.LocalIDP, from.Add(time.Hour), "")
	record("", "7", broker.LocalIDP, from, broker.ReasonCredentials)
	record("", "", broker.LocalIDP, from, "")
	got, err := s.TallyLogins(t.Context(), from, from.Add(time.Hour))
	must(t, err)
	same(t, got, []broker.Tally{
		{Account: "acme", SSO: true, Users: 1, Logins: 2},
		{Account: "acme", Password: true, Users: 2, Logins: 4},
		{Account: "acme", Password: true, SSO: true, Users: 1, Logins: 2},
		{Account: "globex", SSO: true, Users: 1, Logins: 1},
	})
}

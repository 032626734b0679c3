package storetest

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

func allEvents(t *testing.T, s Store) []broker.Event {
	t.Helper()
	events, err := s.Events(t.Context(), time.Time{}, 1000)
	must(t, err)
	return events
}

func refusedLogin(t *testing.T, s Store) {
	l, e := sampleLogin(), sampleEvent(broker.LoginRefused)
	l.UserID, l.Reason, l.Detail, l.Trace = "", broker.ReasonCredentials, "no such user", nil
	must(t, s.RecordLogin(t.Context(), *l, e))
	same(t, get(t, s.Login, l.ID), *l)
	same(t, allEvents(t, s), []broker.Event{e})
	_, err := s.Login(t.Context(), id.New())
	wantErr(t, err, broker.ErrNotFound)

	huge := sampleLogin()
	huge.Subject, huge.Detail = strings.Repeat("ø", 5000), strings.Repeat("x", 100_000)
	must(t, s.RecordLogin(t.Context(), *huge, sampleEvent(broker.LoginRefused)))
	if got := get(t, s.Login, huge.ID); len(got.Subject) != 512 || !utf8.ValidString(got.Subject) || len(got.Detail) != 4096 {
		t.Errorf("kept %d bytes of the subject and %d of the detail", len(got.Subject), len(got.Detail))
	}
}

func loginOnce(t *testing.T, s Store) {
	first := sampleLogin()
	must(t, s.RecordLogin(t.Context(), *first, sampleEvent(broker.LoginRefused)))
	again := *first
	again.Address, again.Detail = "192.0.2.99", "another"
	errs := race(16, func(int) error { return s.RecordLogin(t.Context(), again, sampleEvent(broker.LoginRefused)) })
	for _, err := range errs {
		must(t, err)
	}
	same(t, get(t, s.Login, first.ID), *first)
	same(t, len(allEvents(t, s)), 1)
}

func loginsBySubject(t *testing.T, s Store) {
	var all []id.ID
	for i, subject := range []string{"ana", "nobody-0011223344556677", "Ana", "ana", "ana "} {
		l := sampleLogin()
		l.At, l.Subject = l.At.Add(time.Duration(i)*time.Second), subject
		must(t, s.RecordLogin(t.Context(), *l, sampleEvent(broker.LoginRefused)))
		all = append(all, l.ID)
	}
	other := sampleLogin()
	other.Account, other.Subject = "globex", "ana"
	must(t, s.RecordLogin(t.Context(), *other, sampleEvent(broker.LoginRefused)))
	for _, test := range []struct {
		subjects []string
		limit    int
		want     []id.ID
	}{
		{[]string{"ana", "nobody-0011223344556677"}, 10, []id.ID{all[3], all[1], all[0]}},
		{[]string{"ana", "nobody-0011223344556677"}, 2, []id.ID{all[3], all[1]}},
		{[]string{"Ana"}, 10, []id.ID{all[2]}},
		{[]string{"an"}, 10, nil},
	} {
		logins, err := s.LoginsBySubject(t.Context(), account, test.subjects, test.limit)
		must(t, err)
		var got []id.ID
		for _, l := range logins {
			got = append(got, l.ID)
		}
		same(t, got, test.want)
	}
}

func loginsListed(t *testing.T, s Store) {
	var want []id.ID
	for i := range 5 {
		l := sampleLogin()
		l.At = l.At.Add(time.Duration(i) * time.Second)
		if i == 2 {
			l.UserID = "4712"
		}
		if i == 3 {
			l.Account = "globex"
		}
		must(t, s.RecordLogin(t.Context(), *l, sampleEvent(broker.LoginRefused)))
		want = append(want, l.ID)
	}
	for _, test := range []struct {
		user  mapping.UserID
		limit int
		want  []id.ID
	}{
		{"", 10, []id.ID{want[4], want[2], want[1], want[0]}},
		{"", 2, []id.ID{want[4], want[2]}},
		{"4711", 10, []id.ID{want[4], want[1], want[0]}},
		{"4713", 10, nil},
	} {
		logins, err := s.Logins(t.Context(), account, test.user, test.limit)
		must(t, err)
		var got []id.ID
		for _, l := range logins {
			got = append(got, l.ID)
		}
		same(t, got, test.want)
	}
}

func eventsInOrder(t *testing.T, s Store) {
	must(t, s.AppendEvents(t.Context(), nil))
	var want []broker.Event
	for i := range 450 { // more than one batch
		e := sampleEvent(broker.TokenIssued)
		e.At = e.At.Add(time.Duration(i) * time.Second)
		want = append(want, e)
	}
	want[7].Detail, want[7].LoginID = nil, id.ID{}
	must(t, s.AppendEvents(t.Context(), want))
	same(t, allEvents(t, s), want)
	some, err := s.Events(t.Context(), want[9].At, 3)
	must(t, err)
	same(t, some, want[10:13])
}

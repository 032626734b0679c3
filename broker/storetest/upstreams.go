package storetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func putCallback(t *testing.T, s Store) broker.Callback {
	t.Helper()
	c := broker.Callback{
		Handle: newHash(), Account: account, Connection: "adfs",
		SealedBody: bytes.Repeat([]byte("\x00'\\\xff"), 100_000), ExpiresAt: now().Add(time.Minute),
	}
	must(t, s.InsertCallback(t.Context(), c, c.Handle))
	return c
}

func callbackRoundTrip(t *testing.T, s Store) {
	c := putCallback(t, s)
	nonce := id.New()
	for range 2 { // the second is what a retry after a lost reply does
		got, err := s.TakeCallback(t.Context(), c.Handle, nonce)
		must(t, err)
		same(t, got, c)
	}
	_, err := s.TakeCallback(t.Context(), c.Handle, id.New())
	wantErr(t, err, broker.ErrNotFound)
	_, err = s.TakeCallback(t.Context(), newHash(), id.New())
	wantErr(t, err, broker.ErrNotFound)
}

func callbackReplaced(t *testing.T, s Store) {
	state, others := newHash(), putCallback(t, s)
	first, second := others, others
	first.Handle, second.Handle = newHash(), newHash()
	must(t, s.InsertCallback(t.Context(), first, state))
	must(t, s.InsertCallback(t.Context(), second, state))
	for _, kept := range []broker.Callback{others, second} {
		_, err := s.TakeCallback(t.Context(), kept.Handle, id.New())
		must(t, err)
	}
	_, err := s.TakeCallback(t.Context(), first.Handle, id.New())
	wantErr(t, err, broker.ErrNotFound)
}

func callbackRace(t *testing.T, s Store) {
	c := putCallback(t, s)
	oneWinner(t, race(64, func(int) error {
		_, err := s.TakeCallback(t.Context(), c.Handle, id.New())
		return err
	}), broker.ErrNotFound)
}

func upstreamKeysUnique(t *testing.T, s Store) {
	adfs := registry.ConnectionKey{Account: account, ID: "adfs"}
	same(t, len(get(t, s.UpstreamKeys, adfs)), 0)
	made := func(generation int, secret string) broker.UpstreamKey {
		return broker.UpstreamKey{
			Connection: adfs, Generation: generation, SealedKey: []byte(secret), Certificate: []byte{0x30, 0, 0xff},
			CreatedAt: now(), UseFrom: now().Add(time.Hour),
		}
	}
	oneWinner(t, race(16, func(i int) error {
		return s.InsertUpstreamKey(t.Context(), made(1, string(rune('a'+i))), upstreamKeyAdded("server"))
	}), broker.ErrConflict)
	second := made(2, "second")
	must(t, s.InsertUpstreamKey(t.Context(), second, upstreamKeyAdded("cli:ana")))
	var by []string
	events, err := s.Events(t.Context(), time.Time{}, 100)
	must(t, err)
	for _, e := range events {
		if e.Kind == broker.KeyAdded {
			by = append(by, e.Actor)
		}
	}
	slices.Sort(by)
	same(t, by, []string{"cli:ana", "server"}) // nothing of the fifteen that came too late
	keys := get(t, s.UpstreamKeys, adfs)
	same(t, len(keys), 2)
	same(t, keys[1], second)
	same(t, len(get(t, s.UpstreamKeys, registry.ConnectionKey{Account: account, ID: "ADFS"})), 0)
}

func upstreamKeyAdded(by string) broker.Event {
	return broker.Event{ID: id.New(), At: now(), Kind: broker.KeyAdded, Account: account, Actor: by}
}

func upstreamMetadata(t *testing.T, s Store) {
	adfs := registry.ConnectionKey{Account: account, ID: "adfs"}
	_, err := s.UpstreamMetadata(t.Context(), adfs)
	wantErr(t, err, broker.ErrNotFound)
	for _, document := range []string{"first", "second", "second"} {
		must(t, s.SaveUpstreamMetadata(t.Context(), adfs, []byte(document), now()))
		same(t, string(get(t, s.UpstreamMetadata, adfs)), document)
	}
	for _, err := range race(16, func(int) error {
		return s.SaveUpstreamMetadata(t.Context(), registry.ConnectionKey{Account: "globex", ID: "adfs"}, []byte("x"), now())
	}) {
		must(t, err)
	}
}

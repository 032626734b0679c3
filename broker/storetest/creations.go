package storetest

import (
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/mapping"
)

func creationCompleted(t *testing.T, s Store) {
	ctx := t.Context()
	put := func(user mapping.UserID) broker.Creation {
		c := broker.Creation{Key: hashOf("x"), UserID: user, Fingerprint: newHash(), CreatedAt: now()}
		must(t, s.RecordCreation(ctx, c))
		return c
	}
	_, err := s.Creation(ctx, hashOf("x"))
	wantErr(t, err, broker.ErrNotFound)
	put("6")
	c := put("7") // the first was rolled back
	same(t, get(t, s.Creation, c.Key), c)

	link, event := sampleLink("7", "x"), sampleEvent(broker.UserCreated)
	must(t, s.SaveLinks(ctx, []broker.Link{sampleLink("8", "y")}, nil))
	wantErr(t, s.CompleteCreation(ctx, c, sampleLink("7", "y"), []broker.Event{event}), mapping.ErrLinkExists)
	same(t, get(t, s.Creation, c.Key), c)
	same(t, len(allEvents(t, s)), 0)

	for range 2 { // the second is another login, or a retry after a lost reply
		must(t, s.CompleteCreation(ctx, c, link, []broker.Event{event}))
		same(t, linkedTo(t, s, "x"), mapping.UserID("7"))
		same(t, allEvents(t, s), []broker.Event{event})
	}
	_, err = s.Creation(ctx, c.Key)
	wantErr(t, err, broker.ErrNotFound)

	old := put("9")
	_, err = s.Sweep(ctx, now().AddDate(0, 0, 29), broker.Retention{})
	must(t, err)
	same(t, get(t, s.Creation, old.Key), old)
	_, err = s.Sweep(ctx, now().AddDate(0, 0, 31), broker.Retention{})
	must(t, err)
	_, err = s.Creation(ctx, old.Key)
	wantErr(t, err, broker.ErrNotFound)
}

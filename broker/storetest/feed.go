package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func changesAnnounced(t *testing.T, s Store) {
	var heard []broker.Change
	s.OnChange(func(c broker.Change) { heard = append(heard, c) })
	r := sampleRevocation(grant.KindTenant, "globex")
	must(t, s.Revoke(t.Context(), []grant.Revocation{r}))
	must(t, s.ChangeRegistry(t.Context(), change(registry.Records{Tenants: []registry.Tenant{tenant("acme")}})))
	if len(heard) != 2 || heard[0].Subject != r.ChangeSubject() || heard[1].Kind != registry.ChangeKind {
		t.Fatalf("heard %v", heard)
	}
	for _, c := range heard {
		found := false
		for _, read := range get(t, s.Changes, c.At.Add(-time.Second)) {
			found = found || read.ID == c.ID && read.Kind == c.Kind && read.Subject == c.Subject
		}
		if !found {
			t.Errorf("change %v was announced and not stored", c)
		}
	}
	if err := s.Revoke(t.Context(), []grant.Revocation{r}); err == nil {
		t.Error("one revocation was stored twice")
	}
	if len(heard) != 2 {
		t.Error("a change that failed was announced")
	}
	if late := get(t, s.Changes, now().Add(time.Minute)); len(late) != 0 {
		t.Errorf("%d changes are from the future", len(late))
	}
}

// feedLosesNothing polls as broker.Feed does while 16 writers commit in any order.
func feedLosesNothing(t *testing.T, s Store) {
	const writers, each = 16, 25
	var done sync.WaitGroup
	start := now()
	for w := range writers {
		done.Go(func() {
			for i := range each {
				r := sampleRevocation(grant.KindToken, fmt.Sprintf("%d/%d", w, i))
				if err := s.Revoke(t.Context(), []grant.Revocation{r}); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { done.Wait(); close(finished) }()

	seen := map[id.ID]bool{}
	last := start
	poll := func() {
		at := now()
		changes, err := s.Changes(t.Context(), last.Add(-30*time.Second))
		if err != nil {
			t.Errorf("poll: %v", err)
			return
		}
		for _, c := range changes {
			seen[c.ID] = true
		}
		last = at
	}
	for running := true; running; {
		select {
		case <-finished:
			running = false
		case <-time.After(2 * time.Millisecond):
		}
		poll()
	}
	if len(seen) != writers*each {
		t.Errorf("saw %d of %d changes", len(seen), writers*each)
	}
}

func clockTells(t *testing.T, s Store) {
	before := now()
	at, err := s.Clock(t.Context())
	must(t, err)
	if d := at.Sub(before); d < -time.Second || d > 10*time.Second {
		t.Errorf("the database's clock is off by %v", d)
	}
}

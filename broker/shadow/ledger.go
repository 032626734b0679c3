package shadow

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	recordEvery = 2 * time.Second
	// batch bounds one transaction.
	batch = 50
	// maxNoted is how many comparisons wait for a state database that does not answer.
	maxNoted = 5000
)

// A ledger gathers what was found out until it is stored.
type ledger struct {
	mu          sync.Mutex
	noted       []Comparison
	tallies     map[tallied]int
	outcomes    map[Outcome]int64
	differences map[Code]int64
	lost        int64
}

type tallied struct {
	day     time.Time
	tenant  mapping.TenantKey
	outcome Outcome
}

func newLedger() *ledger {
	return &ledger{tallies: map[tallied]int{}, outcomes: map[Outcome]int64{}, differences: map[Code]int64{}}
}

func (l *ledger) count(at time.Time, tenant mapping.TenantKey, o Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes[o]++
	l.tallies[tallied{at.UTC().Truncate(24 * time.Hour), tenant, o}]++
}

func (l *ledger) note(c Comparison) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range c.Differences {
		l.differences[d.Code]++
	}
	l.keep(c)
}

// keep holds on to comparisons while there is room.
func (l *ledger) keep(list ...Comparison) {
	room := min(len(list), maxNoted-len(l.noted))
	l.noted = append(l.noted, list[:room]...)
	l.lost += int64(len(list) - room)
}

// take returns what is to be stored, and how much of it there still is.
func (l *ledger) take() (b Batch, left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(batch, len(l.noted))
	b.Comparisons = append([]Comparison(nil), l.noted[:n]...)
	l.noted = append([]Comparison(nil), l.noted[n:]...)
	for of, n := range l.tallies {
		b.Tallies = append(b.Tallies, Tally{Day: of.day, Tenant: of.tenant, Outcome: of.outcome, N: n})
		if delete(l.tallies, of); len(b.Tallies) == batch {
			break
		}
	}
	return b, len(l.noted) + len(l.tallies)
}

// putBack returns what could not be stored.
func (l *ledger) putBack(b Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(b.Comparisons...)
	for _, t := range b.Tallies {
		l.tallies[tallied{t.Day, t.Tenant, t.Outcome}] += t.N
	}
}

// record stores what was found out every two seconds until ctx ends, and then once more.
func (s *Shadow) record(ctx context.Context) {
	ticker := time.NewTicker(recordEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			s.store(last)
			return
		case <-ticker.C:
			s.store(ctx)
		}
	}
}

func (s *Shadow) store(ctx context.Context) {
	for {
		b, left := s.ledger.take()
		if len(b.Comparisons) == 0 && len(b.Tallies) == 0 {
			return
		}
		if err := s.Store.RecordComparisons(ctx, b); err != nil {
			s.ledger.putBack(b)
			if s.trouble.now(s.Now()) {
				s.Logger.WarnContext(ctx, "what the shadow database says differently could not be stored; it is tried again", "error", err)
			}
			return
		}
		if left == 0 {
			return
		}
	}
}

// Figures are what has become of all comparisons since the start.
type Figures struct {
	// Open says whether the shadow is open at all.
	Open        bool
	Outcomes    map[Outcome]int64
	Differences map[Code]int64
	// Lost are the comparisons that could not be kept while the state database did not answer.
	Lost int64
}

// Figures returns them.
func (s *Shadow) Figures() Figures {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return Figures{s.opened.Load(), maps.Clone(s.ledger.outcomes), maps.Clone(s.ledger.differences), s.ledger.lost}
}

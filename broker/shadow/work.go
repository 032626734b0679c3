package shadow

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-auth/patchbay/mapping"
)

// lastWords is how long Run waits, once its context has ended, for comparisons that do not notice, and for
// the state database.
const lastWords = 3 * time.Second

// Run opens the shadow, compares what is offered and stores what differs, until ctx ends. Then what is
// queued is dropped, and what was found out is stored.
func (s *Shadow) Run(ctx context.Context) {
	defer s.recently.StopAllGoroutines()
	var recording sync.WaitGroup
	until, stop := context.WithCancel(context.WithoutCancel(ctx)) // what the last workers find out is stored, too
	recording.Go(func() { s.record(until) })
	defer recording.Wait()
	defer stop()
	source := s.open(ctx)
	if source == nil {
		return
	}
	s.opened.Store(true)
	var workers sync.WaitGroup
	for range s.Workers {
		workers.Go(func() { s.serve(ctx, source) })
	}
	<-ctx.Done()
	s.opened.Store(false)
	ended := make(chan struct{})
	go func() { workers.Wait(); close(ended) }()
	select {
	case <-ended:
		if err := source.Close(); err != nil {
			s.Logger.WarnContext(ctx, "the shadow database was not closed", "error", err)
		}
	case <-time.After(lastWords): // a driver that hangs must not keep the process
	}
	for {
		select {
		case j := <-s.jobs:
			j.end()
		default:
			return
		}
	}
}

// open returns the shadow, or nil when ctx has ended.
func (s *Shadow) open(ctx context.Context) Source {
	ticker := time.NewTicker(reopen)
	defer ticker.Stop()
	for {
		source, err := s.Open(ctx)
		if err == nil {
			return source
		}
		if ctx.Err() == nil {
			s.Logger.WarnContext(ctx, "the shadow database cannot be opened; logins go on without it", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (s *Shadow) serve(ctx context.Context, source Source) {
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-s.jobs:
			s.work(ctx, source, j)
		}
	}
}

// work ends a job, whatever happens in it.
func (s *Shadow) work(ctx context.Context, source Source, j job) {
	defer j.end()
	if s.Now().Sub(j.at) > longestWait {
		s.ledger.count(j.at, j.tenant, Dropped)
		return
	}
	ending := ctx
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	v, err := s.ask(ctx, source, j)
	if err != nil && ending.Err() != nil { // it was not the shadow that ended it
		s.ledger.count(j.at, j.tenant, Dropped)
		return
	}
	if v.user != "" {
		s.ledger.note(Comparison{
			At: j.at, Tenant: j.tenant, User: v.user, Proven: v.proven, Differences: v.differences, Settled: v.settled,
		})
	}
	switch {
	case len(v.differences) > 0 && !onlyNotes(v.differences):
		s.ledger.count(j.at, j.tenant, Differed)
	case err != nil:
		s.ledger.count(j.at, j.tenant, Unanswered)
	case v.user != "":
		s.ledger.count(j.at, j.tenant, Agreed)
	}
	if err != nil && s.trouble.now(s.Now()) {
		s.Logger.WarnContext(ctx, "a comparison with the shadow database got no answer; logins are not affected", "tenant", string(j.tenant), "error", err)
	}
}

// ask asks the shadow what the legacy database was asked. An error comes with what was found out before it.
func (s *Shadow) ask(ctx context.Context, source Source, j job) (v verdict, err error) {
	defer func() {
		if p := recover(); p != nil {
			// Of the value only its type: it may hold what was compared. The stack holds no values.
			v, err = verdict{}, fmt.Errorf("the comparison panicked with a %T: %s", p, debug.Stack())
		}
	}()
	there, err := s.second(ctx, source, j)
	if err != nil {
		return verdict{}, err
	}
	detailed := j.here.standing == one && there.standing == one
	if wanted := parts(s.Compare); detailed && wanted != 0 {
		if j.here.details, err = s.Primary.Details(ctx, j.tenant, j.here.user.ID, wanted); err != nil {
			err = fmt.Errorf("a second question to the legacy database: %w", err)
		} else {
			there.details, err = source.Details(ctx, j.tenant, there.user.ID, wanted)
		}
		detailed = err == nil
	}
	return compare(by(j.query), j.here, there, s.Compare, detailed), err
}

// second asks the shadow.
func (s *Shadow) second(ctx context.Context, source Source, j job) (there answer, err error) {
	answered := false
	if j.password != nil {
		user, scheme, failed := source.Judge(ctx, j.tenant, j.query.Value, string(j.password))
		there, answered = judged(user, scheme, failed)
		err = failed
	} else {
		users, failed := source.Find(ctx, j.tenant, j.query)
		there, answered = found(users, failed)
		err = failed
	}
	if answered {
		return there, nil
	}
	return answer{}, err
}

// by says how somebody was looked for.
func by(q mapping.Query) string {
	switch q.By {
	case mapping.ByExternalID:
		return "external_id " + q.Connection
	case mapping.ByStatement:
		return q.Statement
	case mapping.ByID:
		return "user_id"
	case mapping.ByLogin, mapping.ByEmail:
	}
	return string(q.By)
}

func onlyNotes(list []Difference) bool {
	kinds := Kinds()
	for _, d := range list {
		if kinds[d.Code].Severity != Note {
			return false
		}
	}
	return true
}

// rarely lets something through once a minute.
type rarely struct{ last atomic.Int64 }

func (r *rarely) now(at time.Time) bool {
	last := r.last.Load()
	return at.UnixNano()-last >= int64(time.Minute) && r.last.CompareAndSwap(last, at.UnixNano())
}

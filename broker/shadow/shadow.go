package shadow

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/patchbay-auth/patchbay/internal/ratelimit"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Primary is the legacy database, where it is asked a second time. *legacy.DB is one.
type Primary interface {
	Details(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID, parts mapping.Parts) (mapping.Details, error)
}

// A Source is the shadow. Its errors are those of *legacy.DB, which is one.
type Source interface {
	Primary
	// Judge verifies a password, and names the scheme of the stored one.
	Judge(ctx context.Context, tenant mapping.TenantKey, login, password string) (user mapping.User, scheme string, err error)
	Find(ctx context.Context, tenant mapping.TenantKey, q mapping.Query) ([]mapping.User, error)
	Close() error
}

// Config says what to compare, and where to keep what differs. Primary, Open and Store are required.
type Config struct {
	Primary Primary
	// Open opens the shadow. It is called again every minute until it succeeds.
	Open  func(context.Context) (Source, error)
	Store Store
	// Compare lists what of a user is compared beside the login.
	Compare []Aspect
	// Workers is how many comparisons run at once; zero means 2.
	Workers int
	// Queue is how many more may wait; zero means 64.
	Queue int
	// Timeout bounds a comparison; zero means 10 s.
	Timeout time.Duration
	// Logger is nil for slog.Default.
	Logger *slog.Logger
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

const (
	// again is how long the same is not compared again.
	again = time.Minute
	// remembered is how many comparisons are known for that long.
	remembered = 20_000
	// longestWait is how long a comparison may stand in the queue: a password should not lie about.
	longestWait = 30 * time.Second
	// reopen is when to try again to open a shadow that cannot be opened.
	reopen = time.Minute
)

// A Shadow compares logins. Password and Lookup are for many goroutines, and never wait.
type Shadow struct {
	Config
	jobs     chan job
	ledger   *ledger
	seed     maphash.Seed
	recently *otter.Cache[uint64, time.Time]
	failures *ratelimit.Buckets[string]
	opened   atomic.Bool
	trouble  rarely
}

// New returns a Shadow. Run must be running for anything to be compared.
func New(c Config) (*Shadow, error) {
	if c.Workers == 0 {
		c.Workers = 2
	}
	if c.Queue == 0 {
		c.Queue = 64
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Shadow{Config: c, jobs: make(chan job, c.Queue), ledger: newLedger(), seed: maphash.MakeSeed()}
	var err error
	s.recently, err = otter.New(&otter.Options[uint64, time.Time]{
		MaximumSize: remembered, ExpiryCalculator: otter.ExpiryWriting[uint64, time.Time](again),
	})
	if err != nil {
		return nil, err
	}
	s.failures, err = ratelimit.New[string](ratelimit.Rate{PerSecond: 1, Burst: 30}, 1, c.Now)
	return s, err
}

// A job is a question that the legacy database has answered.
type job struct {
	at     time.Time
	tenant mapping.TenantKey
	query  mapping.Query
	// password is nil where nobody gave one. Whoever ends the job overwrites it.
	password []byte
	here     answer
}

func (j job) end() { clear(j.password) }

// Password offers what the legacy database said to a login name and a password: the results of its Judge.
func (s *Shadow) Password(tenant mapping.TenantKey, login, password string, user mapping.User, scheme string, err error) {
	here, ok := judged(user, scheme, err)
	if !ok || tenant == "" {
		return
	}
	key := question{tenant, mapping.Query{By: mapping.ByLogin, Value: login}, true, here.accepted}
	if !s.wanted(key, here.accepted) {
		return
	}
	s.offer(job{tenant: tenant, query: key.query, password: []byte(password), here: here})
}

// Lookup offers what the legacy database found for a mapping rule: the results of its Find.
func (s *Shadow) Lookup(tenant mapping.TenantKey, q mapping.Query, users []mapping.User, err error) {
	here, ok := found(users, err)
	if !ok || tenant == "" || !s.wanted(question{tenant, q, false, true}, true) {
		return
	}
	s.offer(job{tenant: tenant, query: q, here: here})
}

// A question is what is not asked twice in a minute.
type question struct {
	tenant             mapping.TenantKey
	query              mapping.Query
	password, accepted bool
}

// wanted reports whether a question is worth an answer. It keeps no login name: somebody may have typed
// their password there.
func (s *Shadow) wanted(q question, accepted bool) bool {
	now, key := s.Now(), maphash.Comparable(s.seed, q)
	if last, known := s.recently.GetIfPresent(key); known && now.Sub(last) < again {
		if q.password { // a login by an identity provider asks the same several times
			s.ledger.count(now, q.tenant, Spared)
		}
		return false
	}
	if !accepted && !s.failures.Spend("", 1).Spent {
		s.ledger.count(now, q.tenant, Spared)
		return false
	}
	s.recently.Set(key, now)
	return true
}

func (s *Shadow) offer(j job) {
	j.at = s.Now()
	if !s.opened.Load() {
		j.end()
		s.ledger.count(j.at, j.tenant, Unanswered)
		return
	}
	select {
	case s.jobs <- j:
	default:
		j.end()
		s.ledger.count(j.at, j.tenant, Dropped)
	}
}

// judged is what a source says of a password; it reports false where that is no answer.
func judged(user mapping.User, scheme string, err error) (answer, bool) {
	a := answer{standing: one, user: user, scheme: scheme, verifiable: true}
	switch {
	case err == nil:
		a.accepted = true
		return a, true
	case errors.Is(err, mapping.ErrWrongPassword):
		a.verifiable = !errors.Is(err, mapping.ErrUnverifiable)
		return a, true
	}
	return found(nil, err)
}

// found is what a source says to a query; it reports false where that is no answer.
func found(users []mapping.User, err error) (answer, bool) {
	switch {
	case errors.Is(err, mapping.ErrNoUser):
		return answer{}, true
	case errors.Is(err, mapping.ErrAmbiguous):
		return answer{standing: several}, true
	case errors.Is(err, mapping.ErrUnreadable):
		return answer{standing: unreadable}, true
	case err != nil:
		return answer{}, false
	case len(users) == 0:
		return answer{}, true
	case len(users) > 1:
		return answer{standing: several}, true
	}
	return answer{standing: one, user: users[0]}, true
}

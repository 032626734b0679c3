package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A ShadowConfig says which other source of users logins are compared with, and by what.
type ShadowConfig struct {
	Source  legacy.Config
	Compare []shadow.Aspect
}

// Bounds of what the shadow may take of a process that has logins to serve.
const (
	shadowConns   = 4
	shadowWorkers = 2
	shadowHashes  = 1
	// shadowFresh is how long an answer of the shadow is believed: somebody who repairs it looks at the next login.
	shadowFresh = time.Second
)

// newShadow returns who compares logins. It opens its source by itself, whenever that can be.
func (s *Server) newShadow(c ShadowConfig, log *slog.Logger) (*shadow.Shadow, error) {
	source := c.Source
	source.ReadOnly, source.Rehash, source.MaxConns = true, "", shadowConns
	source.Hashing = passhash.PoolConfig{Workers: shadowHashes, Queue: shadowWorkers}
	source.Fresh, source.Stale, source.CacheSize = shadowFresh, shadowFresh, 1000
	source.Now = s.now
	return shadow.New(shadow.Config{
		Primary: s.Directory, Store: s.Store, Compare: c.Compare, Workers: shadowWorkers, Logger: log, Now: s.now,
		Open: func(ctx context.Context) (shadow.Source, error) { return legacy.Open(ctx, source) },
	})
}

// watched is the directory that logins ask: the legacy database, with the shadow looking on where there is one.
func (s *Server) watched() broker.Directory {
	if s.shadow == nil {
		return s.Directory
	}
	return shadowed{s.Directory, s.shadow}
}

// shadowed answers as the legacy database does, and lets the shadow know.
type shadowed struct {
	*legacy.DB
	shadow *shadow.Shadow
}

func (d shadowed) Authenticate(ctx context.Context, tenant mapping.TenantKey, login, password string) (mapping.User, error) {
	user, scheme, err := d.Judge(ctx, tenant, login, password)
	d.shadow.Password(tenant, login, password, user, scheme, err)
	return user, err
}

func (d shadowed) Find(ctx context.Context, tenant mapping.TenantKey, q mapping.Query) ([]mapping.User, error) {
	users, err := d.DB.Find(ctx, tenant, q)
	d.shadow.Lookup(tenant, q, users, err)
	return users, err
}

// A shadowCollector tells what has become of comparisons; zeros where there is no shadow.
type shadowCollector struct {
	shadow                            *shadow.Shadow
	open, comparisons, differs, lacks *prometheus.Desc
}

func newShadowCollector(s *shadow.Shadow) *shadowCollector {
	return &shadowCollector{
		shadow: s,
		open:   prometheus.NewDesc("patchbay_shadow_open", "1 while logins are compared with the shadow of the legacy database, else 0.", nil, nil),
		comparisons: prometheus.NewDesc("patchbay_shadow_comparisons_total",
			"Logins that were offered to the shadow of the legacy database, by what became of that.", []string{"outcome"}, nil),
		differs: prometheus.NewDesc("patchbay_shadow_differences_total",
			"Differences between the legacy database and its shadow, by code; each time that one is met.", []string{"code"}, nil),
		lacks: prometheus.NewDesc("patchbay_shadow_comparisons_lost_total",
			"Comparisons that are in no report because the state database did not answer for too long.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *shadowCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.open
	to <- c.comparisons
	to <- c.differs
	to <- c.lacks
}

// Collect implements prometheus.Collector.
func (c *shadowCollector) Collect(to chan<- prometheus.Metric) {
	var f shadow.Figures
	if c.shadow != nil {
		f = c.shadow.Figures()
	}
	open := 0.0
	if f.Open {
		open = 1
	}
	to <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, open)
	for _, outcome := range shadow.Outcomes() {
		to <- prometheus.MustNewConstMetric(c.comparisons, prometheus.CounterValue, float64(f.Outcomes[outcome]), string(outcome))
	}
	for code := range shadow.Kinds() {
		to <- prometheus.MustNewConstMetric(c.differs, prometheus.CounterValue, float64(f.Differences[code]), string(code))
	}
	to <- prometheus.MustNewConstMetric(c.lacks, prometheus.CounterValue, float64(f.Lost))
}

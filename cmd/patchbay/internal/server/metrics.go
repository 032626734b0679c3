package server

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics answers /metrics in Prometheus' text format. None of it asks a database.
func (s *Server) Metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newKeyCollector(s.Keyring, s.now),
		&s.certificates,
		newShadowCollector(s.shadow),
	)
	s.stateMetrics(reg)
	s.loginMetrics(reg)
	s.cacheMetrics(reg)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return mux
}

func (s *Server) stateMetrics(reg prometheus.Registerer) {
	counter(reg, "patchbay_audit_events_lost_total",
		"Audit events that were not written because the queue was full or the state database down.",
		func() float64 { return float64(s.Events.Dropped()) })
	gauge(reg, "patchbay_revocations", "Unexpired revocations in memory.",
		func() float64 { return float64(s.revocations.Len()) })
	gauge(reg, "patchbay_revocations_age_seconds",
		"Seconds since the change feed was last read completely. Answers about tokens stop at 30.",
		func() float64 { return s.now().Sub(s.revocations.Fresh()).Seconds() })
	counter(reg, "patchbay_swept_rows_total", "Rows deleted because they had expired, or been kept for long enough.",
		func() float64 { return float64(s.swept.rows.Load()) })
	counter(reg, "patchbay_sweep_failures_total", "Sweeps that the state database cut short.",
		func() float64 { return float64(s.swept.failures.Load()) })
	gauge(reg, "patchbay_domain_proofs_missing", "Proven domains whose TXT record is not there any more. They lapse after 72 hours.",
		func() float64 { return float64(s.Domains.Counts().Missing) })
	gauge(reg, "patchbay_domain_proofs_silent", "Proven domains of which no name server says whether their TXT record is there. They lapse after 14 days.",
		func() float64 { return float64(s.Domains.Counts().Silent) })
	gauge(reg, "patchbay_draining", "1 once the process is ending, else 0.",
		func() float64 {
			if s.draining.Load() {
				return 1
			}
			return 0
		})
}

func (s *Server) loginMetrics(reg prometheus.Registerer) {
	gauge(reg, "patchbay_login_throttle_accounts",
		"Accounts with failed logins in memory. A sudden rise is somebody trying passwords.",
		func() float64 { accounts, _ := s.logins.Remembered(); return float64(accounts) })
	gauge(reg, "patchbay_login_throttle_addresses", "Addresses with failed logins in memory.",
		func() float64 { _, addresses := s.logins.Remembered(); return float64(addresses) })
	gauge(reg, "patchbay_password_hash_slowest_seconds", "Time of the slowest password hash in use (99th percentile).",
		func() float64 { return s.Directory.SlowestHash().Seconds() })
}

func (s *Server) cacheMetrics(reg prometheus.Registerer) {
	gauge(reg, "patchbay_cached_tokens", "Access tokens in memory whose signatures were verified.",
		func() float64 { return float64(s.public.CachedTokens()) })
	gauge(reg, "patchbay_cached_users", "Users of the legacy database in memory.",
		func() float64 { users, _ := s.Directory.Cached(); return float64(users) })
	gauge(reg, "patchbay_cached_user_details", "Parts of users in memory: roles, groups, softphones, configuration.",
		func() float64 { _, details := s.Directory.Cached(); return float64(details) })
	counter(reg, "patchbay_legacy_stale_answers_total",
		"Answers about users from memory because the legacy database did not give one in time.",
		func() float64 { return float64(s.Directory.StaleAnswers()) })
	gauge(reg, "patchbay_legacy_stale_age_seconds",
		"Age of the last answer about a user that was given from memory; zero after the legacy database has given one.",
		func() float64 { return s.Directory.StaleAge().Seconds() })
}

func gauge(reg prometheus.Registerer, name, help string, value func() float64) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func counter(reg prometheus.Registerer, name, help string, value func() float64) {
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

package server

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics answers /metrics in Prometheus' text format.
func (s *Server) Metrics() http.Handler {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "patchbay_audit_events_lost_total",
			Help: "Audit events that were not written because the queue was full or the state database down.",
		}, func() float64 { return float64(s.Events.Dropped()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "patchbay_revocations",
			Help: "Unexpired revocations in memory.",
		}, func() float64 { return float64(s.revocations.Len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "patchbay_revocations_age_seconds",
			Help: "Seconds since the change feed was last read completely. Answers about tokens stop at 30.",
		}, func() float64 { return s.now().Sub(s.revocations.Fresh()).Seconds() }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "patchbay_login_throttle_accounts",
			Help: "Accounts with failed logins in memory. A sudden rise is somebody trying passwords.",
		}, func() float64 { accounts, _ := s.logins.Remembered(); return float64(accounts) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "patchbay_login_throttle_addresses",
			Help: "Addresses with failed logins in memory.",
		}, func() float64 { _, addresses := s.logins.Remembered(); return float64(addresses) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "patchbay_password_hash_slowest_seconds",
			Help: "Time of the slowest password hash in use (99th percentile).",
		}, func() float64 { return s.Directory.SlowestHash().Seconds() }),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	return mux
}

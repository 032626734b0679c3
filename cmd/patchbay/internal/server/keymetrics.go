package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

// A keyCollector tells how the signing keys of all issuers are. It has no metric for each issuer: there
// may be thousands, and they are rotated by one rule.
type keyCollector struct {
	keys               *keyring.Keyring
	now                func() time.Time
	count, age, change *prometheus.Desc
}

func newKeyCollector(keys *keyring.Keyring, now func() time.Time) *keyCollector {
	return &keyCollector{
		keys: keys, now: now,
		count: prometheus.NewDesc("patchbay_signing_keys", "Signing keys of all issuers, by state.", []string{"state"}, nil),
		age: prometheus.NewDesc("patchbay_signing_key_age_seconds",
			"Seconds since the oldest key that signs began to. Rotation is at 90 days.", nil, nil),
		change: prometheus.NewDesc("patchbay_signing_key_next_rotation_seconds",
			"Seconds until the next key takes over from one that signs; negative when that is overdue.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *keyCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.count
	to <- c.age
	to <- c.change
}

// Collect implements prometheus.Collector.
func (c *keyCollector) Collect(to chan<- prometheus.Metric) {
	states := map[keyring.State]int{
		keyring.Announced: 0, keyring.Signing: 0, keyring.Retired: 0, keyring.Expired: 0, keyring.Revoked: 0,
	}
	var oldest, next time.Time
	for _, key := range c.keys.List() {
		states[key.State]++
		if key.State != keyring.Signing {
			continue
		}
		if oldest.IsZero() || key.ActiveAt.Before(oldest) {
			oldest = key.ActiveAt
		}
		if next.IsZero() || key.RetireAt.Before(next) {
			next = key.RetireAt
		}
	}
	for state, n := range states {
		to <- prometheus.MustNewConstMetric(c.count, prometheus.GaugeValue, float64(n), string(state))
	}
	if states[keyring.Signing] == 0 {
		return
	}
	now := c.now()
	to <- prometheus.MustNewConstMetric(c.age, prometheus.GaugeValue, now.Sub(oldest).Seconds())
	to <- prometheus.MustNewConstMetric(c.change, prometheus.GaugeValue, next.Sub(now).Seconds())
}

package server

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation/saml"
)

const (
	// certificatesEvery is how often the signing certificates of SAML identity providers are looked at.
	certificatesEvery = 12 * time.Hour
	// certificatesSoon is how long before its end a certificate is worth a warning.
	certificatesSoon = 30 * 24 * time.Hour
)

// certificates are when the signing certificates of SAML connections end.
type certificates struct {
	mu    sync.Mutex
	until map[registry.ConnectionKey]time.Time
}

func (c *certificates) set(until map[registry.ConnectionKey]time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = until
}

func (c *certificates) get() map[registry.ConnectionKey]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.until)
}

var _ prometheus.Collector = (*certificates)(nil)

func certificateDesc() *prometheus.Desc {
	return prometheus.NewDesc("patchbay_connection_certificate_expiry_timestamp_seconds",
		"When the last signing certificate of a SAML identity provider ends.", []string{"account", "connection"}, nil)
}

// Describe implements prometheus.Collector.
func (c *certificates) Describe(out chan<- *prometheus.Desc) { out <- certificateDesc() }

// Collect implements prometheus.Collector.
func (c *certificates) Collect(out chan<- prometheus.Metric) {
	for of, until := range c.get() {
		out <- prometheus.MustNewConstMetric(certificateDesc(), prometheus.GaugeValue, float64(until.Unix()), string(of.Account), of.ID)
	}
}

// watchCertificates warns of certificates that end soon, until ctx does. A connection that was added is
// looked at within a minute.
func (s *Server) watchCertificates(ctx context.Context) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	looked := map[registry.ConnectionKey]time.Time{}
	for {
		s.lookAtCertificates(ctx, looked)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// lookAtCertificates looks at the connections whose turn it is: looked is when each was looked at last.
func (s *Server) lookAtCertificates(ctx context.Context, looked map[registry.ConnectionKey]time.Time) {
	snapshot, known, found := s.Registry.Snapshot(), s.certificates.get(), map[registry.ConnectionKey]time.Time{}
	for _, t := range snapshot.Tenants() {
		for _, c := range snapshot.Connections(t.Account) {
			if c.SAML == nil || !c.Enabled || !t.Enabled || ctx.Err() != nil {
				continue
			}
			key := registry.ConnectionKey{Account: c.Account, ID: c.ID}
			until, now := known[key], s.now()
			if at, ok := looked[key]; !ok || now.Sub(at) >= certificatesEvery {
				looked[key] = now
				if ends := s.lookAt(ctx, c); !ends.Certificate.IsZero() {
					until = ends.Certificate
				}
			}
			if !until.IsZero() {
				found[key] = until
			}
		}
	}
	s.certificates.set(found)
}

// lookAt says in the log what will keep people from logging in by a SAML connection.
func (s *Server) lookAt(ctx context.Context, c *registry.Connection) saml.Ends {
	var ends saml.Ends
	upstream, err := s.saml(c, s.base, s.now)
	if err == nil {
		ends, err = upstream.Ends(ctx)
	}
	log := s.log.With("account", c.Account, "connection", c.ID)
	if err != nil && ctx.Err() == nil {
		log.WarnContext(ctx, "the metadata of a SAML identity provider cannot be read", "error", err)
	}
	soon := s.now().Add(certificatesSoon)
	if until := ends.Certificate; !until.IsZero() && soon.After(until) {
		log.WarnContext(ctx, "the signing certificate of a SAML identity provider ends", "until", until)
	}
	// What is fetched ends every few days, and begins anew.
	if until := ends.Metadata; c.SAML.MetadataURL == "" && !until.IsZero() && soon.After(until) {
		log.WarnContext(ctx, "the copy of a SAML identity provider's metadata ends", "until", until)
	}
	return ends
}

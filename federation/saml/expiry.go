package saml

import (
	"context"
	"time"
)

// Ends says when what is known of an IdP ends; the zero time is never.
type Ends struct {
	// Certificate is when the last of the signing certificates does. Dates decide nothing here: most IdPs change
	// the certificate then, and who has not learned of the new one is cut off.
	Certificate time.Time
	// Metadata is when the metadata does. Nobody can log in after that.
	Metadata time.Time
}

// Ends fetches the metadata anew and says when it ends. If that fails, it is about the last good copy, and there
// is an error beside it; without a copy both times are zero.
func (s *SAML) Ends(ctx context.Context) (Ends, error) {
	var fetching error
	if s.cfg.MetadataURL != "" {
		_, fetching = s.source.fetch(ctx)
	}
	d, _, err := s.source.known(ctx)
	if err != nil {
		return Ends{}, err
	}
	if d == nil {
		return Ends{}, fetching
	}
	e := Ends{Metadata: d.validUntil}
	for _, c := range d.certificates {
		if c.NotAfter.After(e.Certificate) {
			e.Certificate = c.NotAfter
		}
	}
	return e, fetching
}

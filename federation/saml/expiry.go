package saml

import (
	"context"
	"time"
)

// SignedUntil is when the last of the IdP's signing certificates ends, by the metadata that is known. Their
// dates decide nothing here: most IdPs change the certificate then, and who has not learned of the new one is
// cut off.
func (s *SAML) SignedUntil(ctx context.Context) (time.Time, error) {
	d, err := s.source.get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var last time.Time
	for _, c := range d.certificates {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	return last, nil
}

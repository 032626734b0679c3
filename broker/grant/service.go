package grant

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// A Sealer encrypts small secrets under a data key of the key file. The additional data binds the
// ciphertext to its row.
type Sealer interface {
	Seal(plaintext, additional []byte) ([]byte, error)
	Open(sealed, additional []byte) ([]byte, error)
}

// Config is what a Service needs.
type Config struct {
	Store  Store
	Sealer Sealer
	// Revocations is told of revocations made here before the change feed delivers them.
	Revocations *Revocations
	// CodeLifetime bounds an authorization code. Zero means 60 seconds.
	CodeLifetime time.Duration
	// DeviceLifetime bounds a device authorization. Zero means 10 minutes.
	DeviceLifetime time.Duration
	// TokenLifetime is the longest an access token may live: how long a revocation is kept. Zero
	// means 24 hours.
	TokenLifetime time.Duration
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// Service issues and redeems codes, refresh tokens, device codes and pushed requests. It is safe for
// concurrent use.
type Service struct {
	store          Store
	sealer         Sealer
	revocations    *Revocations
	codeLifetime   time.Duration
	deviceLifetime time.Duration
	tokenLifetime  time.Duration
	now            func() time.Time
}

// New returns a Service over a store.
func New(c Config) *Service {
	s := &Service{c.Store, c.Sealer, c.Revocations, c.CodeLifetime, c.DeviceLifetime, c.TokenLifetime, c.Now}
	if s.codeLifetime == 0 {
		s.codeLifetime = time.Minute
	}
	if s.deviceLifetime == 0 {
		s.deviceLifetime = 10 * time.Minute
	}
	if s.tokenLifetime == 0 {
		s.tokenLifetime = 24 * time.Hour
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Invalid says that what was presented is not, or no longer, good: invalid_grant in RFC 6749 §5.2.
// Every other error of this package is trouble of ours, and consumed nothing.
type Invalid struct {
	// Description may be told to the client.
	Description string
	// Reused is set when the answer also revoked a grant: a code or an old refresh token came back.
	Reused bool
	// Grant is what the thing presented once stood for; nil when it never did.
	Grant *Grant
	Err   error
}

func (e *Invalid) Error() string {
	if e.Err == nil {
		return e.Description
	}
	return e.Description + ": " + e.Err.Error()
}

func (e *Invalid) Unwrap() error { return e.Err }

func invalid(description string) error { return &Invalid{Description: description} }

// Revoke stores revocations for everything of their subjects issued until now, here at once and on
// other nodes as soon as they read the change feed.
func (s *Service) Revoke(ctx context.Context, kind Kind, subject string) error {
	r := s.Revocation(kind, subject)
	if err := s.store.Revoke(ctx, []Revocation{r}); err != nil {
		return err
	}
	s.revocations.add(r)
	return nil
}

// Revocation describes a revocation of everything the subject was issued until now.
func (s *Service) Revocation(kind Kind, subject string) Revocation {
	now := s.now()
	return Revocation{ID: id.New(), Kind: kind, Subject: subject, NotBefore: now, ExpiresAt: now.Add(s.tokenLifetime)}
}

// Applied tells this node's revocations of one that another store method has committed.
func (s *Service) Applied(r Revocation) { s.revocations.add(r) }

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }

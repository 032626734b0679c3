package grant

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// Errors of a Store. Any other error means that the state could not be read or written: nothing
// was consumed, and the caller answers 503.
var (
	// ErrNotFound means that there is no such row.
	ErrNotFound = errors.New("no such grant")
	// ErrConflict means that another call won: the code was used, or the family has moved on.
	ErrConflict = errors.New("grant was already redeemed")
)

// A Hash is the SHA-256 of a one-time secret. The secret itself is never stored.
type Hash [32]byte

// A Code is an authorization code as stored (RFC 6749 §4.1.2).
type Code struct {
	Hash        Hash
	Grant       Grant
	RedirectURI string
	// Challenge is the S256 code challenge (RFC 7636 §4.2), or empty.
	Challenge string
	CreatedAt time.Time
	ExpiresAt time.Time
	// UsedAt is zero until the code is redeemed or burned.
	UsedAt time.Time
}

// A Family is a line of refresh tokens of which only the newest is good (RFC 9700 §4.14.2). Past
// tokens need no rows: each is recognised by its HMAC under the family's seed.
type Family struct {
	ID    id.ID
	Grant Grant
	// Seq is the sequence number of the newest token; the first is 1.
	Seq int64
	// SealedSeed is the HMAC key, encrypted with the family's id as additional data.
	SealedSeed []byte
	CreatedAt  time.Time
	// RotatedAt is when Seq last grew; CreatedAt for the first token.
	RotatedAt time.Time
	// ExpiresAt moves with every use and never passes AbsoluteAt.
	ExpiresAt  time.Time
	AbsoluteAt time.Time
	RevokedAt  time.Time
}

// A Rotation moves a family from Seq to Seq+1, and its expiry forward.
type Rotation struct {
	// Found is the family as FindFamily returned it.
	Found    Family
	ClientID string
	Seq      int64
	// Keep leaves Seq as it is, for a client that does not rotate.
	Keep bool
	// Nonce identifies this attempt, so that a retry after a lost reply recognises its own success.
	Nonce     id.ID
	At        time.Time
	ExpiresAt time.Time
}

// Moved is what the family found has become when it has been rotated, so that nobody has to read it again.
func (r Rotation) Moved() Family {
	f := r.Found
	f.ExpiresAt = r.ExpiresAt
	if !r.Keep {
		f.Seq, f.RotatedAt = r.Seq+1, r.At
	}
	return f
}

// Store keeps all that this package knows. Each method is one transaction.
type Store interface {
	CodeStore
	DeviceStore
	PushedStore
}

// DeviceStore keeps device authorizations. What a person decides is stored with the login that they
// did for it: see broker.Settlement.
type DeviceStore interface {
	// InsertDevice returns ErrConflict when another device shows that user code.
	InsertDevice(context.Context, Device) error

	// The finders return a device in any state, expired or not, or ErrNotFound.
	FindDevice(context.Context, id.ID) (Device, error)
	FindDeviceByCode(context.Context, Hash) (Device, error)
	FindDeviceByUserCode(context.Context, UserCode) (Device, error)

	// PollDevice moves PollAfter to p.Next. If the poll came before PollAfter, it reports early and
	// moves Interval to p.Slower and PollAfter to p.Later instead.
	PollDevice(ctx context.Context, p DevicePoll) (early bool, err error)

	// RedeemDevice moves an allowed device to used and stores family unless it is nil, both or
	// neither. It returns ErrConflict when anybody but the holder of nonce was first.
	RedeemDevice(ctx context.Context, device, nonce id.ID, at time.Time, family *Family) error
}

// PushedStore keeps pushed authorization requests.
type PushedStore interface {
	InsertPushed(context.Context, Pushed) error
	// FindPushed returns a request, used or not, or ErrNotFound.
	FindPushed(context.Context, Hash) (Pushed, error)
	// RedeemPushed marks the request used. It returns ErrConflict when anybody but the holder of
	// nonce was first.
	RedeemPushed(ctx context.Context, pushed Hash, nonce id.ID, at time.Time) error
}

// CodeStore keeps codes, families and revocations.
type CodeStore interface {
	// FindCode returns a code whether used or not, or ErrNotFound.
	FindCode(context.Context, Hash) (Code, error)

	// RedeemCode marks the code used and, if family is not nil, stores the new family, both or
	// neither. It returns ErrConflict when anybody but the holder of nonce has used the code. The
	// conditional UPDATE alone decides; expiry is the caller's to judge.
	RedeemCode(ctx context.Context, code Hash, nonce id.ID, at time.Time, family *Family) error

	// OpenFamily stores a family that no code was redeemed for. Of a client's unattended families
	// it leaves the newest live ones, at most limit, and marks the others revoked.
	OpenFamily(ctx context.Context, f Family, limit int) error

	// FindFamily returns a family, live or not, or ErrNotFound.
	FindFamily(context.Context, id.ID) (Family, error)

	// RotateFamily returns the family as it now is; with ErrConflict unless the family was live, of
	// that client, unexpired at r.At and at r.Seq — or r.Nonce itself has already moved it on.
	RotateFamily(context.Context, Rotation) (Family, error)

	// UseAssertion remembers until expires that an assertion was used. It returns ErrConflict when
	// anybody but the holder of nonce has used it before.
	UseAssertion(ctx context.Context, assertion Hash, nonce id.ID, expires time.Time) error

	// AssertionUsed returns ErrConflict if anybody has used an assertion.
	AssertionUsed(ctx context.Context, assertion Hash) error

	// Revoke stores revocations, appends one change per revocation to the change feed, ends the sessions
	// that the kinds session, user and tenant reach, whose clients are then told, and marks the families
	// revoked that they reach: kind grant by the grant's id, session by session id, user
	// by "account/user id", client by client id, tenant by account; kind token reaches none.
	Revoke(context.Context, []Revocation) error

	// Revocations returns all that are unexpired at now.
	Revocations(ctx context.Context, now time.Time) ([]Revocation, error)
}

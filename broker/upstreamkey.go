package broker

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// An UpstreamKey is a key pair by which the IdP of one connection knows us.
type UpstreamKey struct {
	Connection registry.ConnectionKey
	// Generation counts from 1: two servers that make the first key at once make one.
	Generation int
	// SealedKey is the private key in PKCS #8 form, encrypted with Context as additional data.
	SealedKey []byte
	// Certificate is in DER form.
	Certificate []byte
	CreatedAt   time.Time
	// UseFrom is when the key begins to sign.
	UseFrom time.Time
}

// Context is the additional data under which the key is sealed.
func (k UpstreamKey) Context() []byte {
	return []byte("upstream-key:" + string(k.Connection.Account) + "/" + k.Connection.ID)
}

// UpstreamStore keeps what connections need besides their configuration. Each method is one transaction.
type UpstreamStore interface {
	// UpstreamKeys returns the keys of a connection, the first generation first.
	UpstreamKeys(context.Context, registry.ConnectionKey) ([]UpstreamKey, error)
	// InsertUpstreamKey stores a key with its event, or returns ErrConflict if that generation exists.
	InsertUpstreamKey(context.Context, UpstreamKey, Event) error
	// UpstreamMetadata returns the document that SaveUpstreamMetadata stored last, or ErrNotFound.
	UpstreamMetadata(context.Context, registry.ConnectionKey) ([]byte, error)
	SaveUpstreamMetadata(ctx context.Context, c registry.ConnectionKey, document []byte, at time.Time) error
}

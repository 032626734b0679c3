package registry

import (
	"context"
	"errors"
	"time"
)

// Records is the whole registry as stored.
type Records struct {
	Tenants     []Tenant
	Clients     []Client
	Connections []Connection
}

// A ConnectionKey names a connection; ids are unique within a tenant.
type ConnectionKey struct {
	Account Account
	ID      string
}

// A Change replaces what it saves, removes what it deletes, and leaves the rest alone.
type Change struct {
	Save              Records
	DeleteClients     []string
	DeleteConnections []ConnectionKey
	// By is who changed it, for the audit log: "cli:<user name>", or an administrator's id.
	By string
	At time.Time
}

// ChangeKind is the kind under which registry changes travel in the change feed; the subject is
// the account.
const ChangeKind = "registry"

// ErrTaken means that another tenant holds a client id or a verified domain.
var ErrTaken = errors.New("belongs to another tenant")

// Store keeps the registry.
type Store interface {
	// LoadRegistry returns everything, in no particular order, and the tenants' domains with their proofs.
	LoadRegistry(context.Context) (Records, error)
	// ChangeRegistry applies a change in one transaction, with one audit event per saved or
	// deleted record and one change-feed entry per account touched. A client id that another tenant
	// holds is refused with an error that names it and wraps ErrTaken. The proofs of domains that a
	// saved tenant does not claim any more are gone.
	ChangeRegistry(context.Context, Change) error
}

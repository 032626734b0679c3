package broker

import (
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// An Event is one line of the audit log. It holds no token, code, secret or password.
type Event struct {
	ID       id.ID
	At       time.Time
	Kind     EventKind
	Account  registry.Account
	ClientID string
	UserID   mapping.UserID
	// LoginID names the login the event belongs to; zero when there is none.
	LoginID id.ID
	// Actor is who caused a change of configuration.
	Actor string
	// Reason says why something was refused.
	Reason  string
	Address string
	// Detail holds further facts by name.
	Detail map[string]string
}

// EventKind names what happened.
type EventKind string

// The kinds of event.
const (
	LoginSucceeded       EventKind = "login.succeeded"
	LoginRefused         EventKind = "login.refused"
	ConsentGiven         EventKind = "consent.given"
	ConsentDenied        EventKind = "consent.denied"
	ConsentWithdrawn     EventKind = "consent.withdrawn"
	LinkCreated          EventKind = "link.created"
	LinkReplaced         EventKind = "link.replaced" // by another external id, with proof
	UserCreated          EventKind = "user.created"  // in the directory, by a mapping rule
	CodeReplayed         EventKind = "code.replayed"
	TokenIssued          EventKind = "token.issued"
	TokenRefused         EventKind = "token.refused"
	RefreshReplayed      EventKind = "refresh.replayed" // inside the grace window: answered again
	RefreshReused        EventKind = "refresh.reused"   // outside it: the family was revoked
	DeviceAllowed        EventKind = "device.allowed"
	DeviceDenied         EventKind = "device.denied"
	DeviceCodeRefused    EventKind = "device.code_refused" // too many wrong user codes
	Revoked              EventKind = "revoked"
	SessionEnded         EventKind = "session.ended"
	LogoutDelivered      EventKind = "logout.delivered"   // a client has heard of an ended session
	LogoutFailed         EventKind = "logout.failed"      // a client was told often enough in vain
	LogoutRefused        EventKind = "logout.refused"     // what an identity provider said was not believed
	LogoutUnconfirmed    EventKind = "logout.unconfirmed" // an identity provider was asked to end its session, and has not said so
	IntrospectionRefused EventKind = "introspection.refused"
	TenantSaved          EventKind = "tenant.saved"
	ClientSaved          EventKind = "client.saved"
	ClientDeleted        EventKind = "client.deleted"
	ConnectionSaved      EventKind = "connection.saved"
	ConnectionDeleted    EventKind = "connection.deleted"
	DomainProven         EventKind = "domain.proven"  // by DNS, or approved
	DomainRevoked        EventKind = "domain.revoked" // by the platform's administrator
	DomainMissing        EventKind = "domain.missing" // the DNS record is gone; the domain is not yet
	DomainSilent         EventKind = "domain.silent"  // no name server says whether it is
	DomainLapsed         EventKind = "domain.lapsed"
	KeyAdded             EventKind = "key.added" // a signing key was announced
	KeyRevoked           EventKind = "key.revoked"
	KeyDeleted           EventKind = "key.deleted" // long after its retirement
)

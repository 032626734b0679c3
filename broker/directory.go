package broker

import (
	"context"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Directory is the legacy user database. Its errors are those of package mapping (ErrNoUser,
// ErrAmbiguous, ErrWrongPassword, ErrBusy, ErrLinkExists, ErrLoginTaken); any other error means that the
// directory could not answer, and is never an answer about the user.
type Directory interface {
	// Find returns every row that matches: none, one, or several. Never cached.
	Find(ctx context.Context, tenant mapping.TenantKey, q mapping.Query) ([]mapping.User, error)

	// Authenticate verifies a password against the stored hash of the one user with that login.
	// It returns the row also with ErrWrongPassword, when there is one. It does not judge Active
	// or FederatedOnly. An empty tenant has no users; that takes as long as any unknown user.
	Authenticate(ctx context.Context, tenant mapping.TenantKey, login, password string) (mapping.User, error)

	// User returns the row of a user from a short-lived cache, at most 30 s old while the database
	// answers and at most 15 min old while it does not.
	User(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID) (mapping.User, error)

	// Details returns the named parts from the same kind of cache.
	Details(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID, parts mapping.Parts) (mapping.Details, error)

	// KeepsLinks reports whether links between IdP identities and users live in the directory. If
	// they do not, the broker keeps them in its own state; never both.
	KeepsLinks() bool

	// Link stores a link in the directory. It returns ErrLinkExists rather than replace a link
	// that this user or this external id already has on the connection.
	Link(ctx context.Context, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID) error

	// Relink is Link for a user who has another external id on the connection, which the new one takes
	// the place of; r says which one that may be. If the user has none, it is ErrLinkExists.
	Relink(ctx context.Context, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID, r mapping.Replacement) error

	// Create makes a user, and links them to key if the directory keeps links: both or neither. It
	// returns ErrLoginTaken if somebody has the login. Before it commits it shows the row, as Find by id
	// will; an error of shown undoes everything. That may happen several times, each with another row.
	Create(ctx context.Context, tenant mapping.TenantKey, u mapping.NewUser, key mapping.LinkKey, shown func(mapping.User) error) (mapping.User, error)

	// LinkedConnections returns the connections on which a user has a link in the directory. Never cached.
	// The empty id is nobody's, and fails where others do.
	LinkedConnections(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID) ([]string, error)
}

// A TokenVerifier is an Upstream whose ID tokens clients may present by themselves. The errors are those
// of Upstream.Finish.
type TokenVerifier interface {
	VerifyToken(ctx context.Context, token string) (mapping.Identity, error)
}

// A LogoutVerifier is an Upstream whose IdP tells when it has ended sessions by OpenID Connect's means. The
// errors are those of Upstream.Finish.
type LogoutVerifier interface {
	// VerifyLogout verifies a logout token (OpenID Connect Back-Channel Logout 1.0).
	VerifyLogout(ctx context.Context, token string) (federation.LogoutNotice, error)
	// FrontLogout reads what a browser brought (OpenID Connect Front-Channel Logout 1.0).
	FrontLogout(issuer, session string) (federation.LogoutNotice, error)
}

// An Upstream sends a person to one IdP and verifies who comes back.
type Upstream interface {
	// Start returns where to send the browser. It fails when the IdP cannot be reached.
	Start(context.Context, federation.StartRequest) (federation.Started, error)
	// Finish verifies a callback. A *federation.ResponseError is the IdP's own refusal; an error
	// that wraps federation.ErrUnreachable says nothing about the person; any other error means
	// that the response is not to be believed. federation.ErrOurs, from any method, is trouble of ours.
	Finish(context.Context, federation.Response) (mapping.Identity, error)
	// Logout returns where to send the browser so that the IdP ends its session too. The URL is empty when
	// the IdP has no place for that; the Memo, if there is one, is for whoever verifies what comes back.
	Logout(context.Context, federation.LogoutRequest) (federation.Started, error)
}

package grant

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Kind says what a revocation's subject names.
type Kind string

// The kinds of revocation.
const (
	KindToken   Kind = "token"   // a jti
	KindGrant   Kind = "grant"   // a gid
	KindSession Kind = "session" // a sid
	KindUser    Kind = "user"    // UserSubject
	KindClient  Kind = "client"  // a canonical client id
	KindTenant  Kind = "tenant"  // an account
)

// final reports whether the subject can never be issued another token: then the time of issue does
// not matter, and a token that was being minted while its grant was revoked is dead as well.
func (k Kind) final() bool { return k == KindToken || k == KindGrant || k == KindSession }

// A Revocation makes inactive every access token of its subject issued at or before NotBefore; a
// token, a grant or a session stays revoked whatever is issued later.
type Revocation struct {
	ID      id.ID
	Kind    Kind
	Subject string
	// NotBefore has a resolution of one second, like iat (RFC 7519 §4.1.6).
	NotBefore time.Time
	// ExpiresAt is when the last token it can reach has died.
	ExpiresAt time.Time
}

// UserSubject names a user of a tenant in a revocation.
func UserSubject(account registry.Account, user mapping.UserID) string {
	return string(account) + "/" + string(user)
}

// ChangeKind is the kind under which revocations travel in the change feed.
const ChangeKind = "revocation"

type wireRevocation struct {
	Kind      Kind   `json:"k"`
	Subject   string `json:"s"`
	NotBefore int64  `json:"n"`
	ExpiresAt int64  `json:"e"`
}

// ChangeSubject encodes the revocation whole, so that a node which reads the feed need not ask the
// database for it. At most 400 bytes for subjects of up to 255.
func (r Revocation) ChangeSubject() string {
	b, err := json.Marshal(wireRevocation{r.Kind, r.Subject, r.NotBefore.Unix(), r.ExpiresAt.Unix()})
	if err != nil {
		panic("grant: a struct of strings and integers did not marshal: " + err.Error())
	}
	return string(b)
}

func parseChange(subject string) (Revocation, error) {
	var w wireRevocation
	if err := json.Unmarshal([]byte(subject), &w); err != nil {
		return Revocation{}, fmt.Errorf("change of kind %s: %w", ChangeKind, err)
	}
	return Revocation{Kind: w.Kind, Subject: w.Subject, NotBefore: time.Unix(w.NotBefore, 0), ExpiresAt: time.Unix(w.ExpiresAt, 0)}, nil
}

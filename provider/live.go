package provider

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// verified is an access token whose signature was good. That cannot change; everything else about it
// is judged again each time.
type verified struct {
	token.Access
	// userID is whom the subject names; empty for a client's own token.
	userID mapping.UserID
	// facts are what a revocation would reach it by.
	facts grant.Facts
	// given are the roles and groups that the login gave.
	given mapping.Given
	// conditions are what lists of clients it depends on; nil for a token that no list allowed.
	conditions *conditions
	last       lastAnswer
}

// A tokenCache remembers verified tokens by their SHA-256. It holds neither tokens nor failures: a
// stranger cannot fill it.
type tokenCache struct {
	byHash *otter.Cache[[sha256.Size]byte, *verified]
}

func newTokenCache(size int, now func() time.Time) (tokenCache, error) {
	c, err := otter.New(&otter.Options[[sha256.Size]byte, *verified]{
		MaximumSize: size,
		// Only memory depends on this expiry: whether the token is good is judged by our clock.
		ExpiryCalculator: otter.ExpiryCreatingFunc(func(e otter.Entry[[sha256.Size]byte, *verified]) time.Duration {
			return max(e.Value.Expires.Sub(now()), time.Second)
		}),
	})
	return tokenCache{c}, err
}

// errInactive means that a token must not be accepted: it is not ours, has expired, was revoked, or
// its client, tenant or user is gone. Any other error means that we cannot know.
var errInactive = errors.New("token is not active")

// A live token is one that may be accepted now.
type live struct {
	*verified
	client *registry.Client
	tenant *registry.Tenant
	// user is the zero User when the token is a client's own.
	user mapping.User
}

// accept judges an access token. In the steady state it asks no database: keys, clients and revocations
// are in memory, and users come from the directory's cache.
func (p *provider) accept(ctx context.Context, raw string) (live, error) {
	v, err := p.verify(ctx, raw)
	if err != nil {
		return live{}, err
	}
	out := live{verified: v}
	registered, now := p.registry.Snapshot(), p.now()
	var ok bool
	if out.client, ok = registered.Client(v.ClientID); !ok || !out.client.Usable(now) || !out.client.At(v.Tenant) {
		return live{}, errInactive
	}
	if out.tenant, ok = registered.Tenant(v.Tenant); !ok || !out.tenant.Enabled {
		return live{}, errInactive
	}
	if v.conditions != nil && !v.conditions.hold(registered, v, now) {
		return live{}, errInactive
	}
	if err := p.checkRevoked(v); err != nil {
		return live{}, err
	}
	if v.SubjectType == token.Client {
		return out, nil
	}
	if v.IDP == "" && !actsFor(out.client, out.tenant.LegacyTenant, v.userID) {
		return live{}, errNoProductAccess
	}
	out.user, err = p.directory.User(ctx, out.tenant.LegacyTenant, v.userID)
	switch {
	case errors.Is(err, mapping.ErrNoUser):
		return live{}, errInactive
	case err != nil:
		return live{}, unavailable(err)
	case !out.user.Active:
		return live{}, errInactive
	}
	return out, nil
}

// addressed reports whether a token is for one of the names. One that was exchanged for somebody else is
// not for us (RFC 9068 §4).
func (t live) addressed(names ...string) bool {
	return slices.ContainsFunc(t.Audience, func(aud string) bool { return slices.Contains(names, aud) })
}

func (p *provider) verify(ctx context.Context, raw string) (*verified, error) {
	hash := sha256.Sum256([]byte(raw))
	if v, ok := p.verifiedTokens.byHash.GetIfPresent(hash); ok {
		return v, judged(p.tokens.CheckAccess(ctx, v.Access))
	}
	access, err := p.tokens.VerifyAccess(ctx, raw)
	if err != nil {
		return nil, judged(err)
	}
	v := &verified{Access: access, given: givenBy(access.Claims), facts: grant.Facts{
		JTI: access.ID, Grant: access.GrantID, Session: access.SessionID,
		ClientID: access.ClientID, Account: access.Tenant, IssuedAt: access.IssuedAt,
	}}
	if access.SubjectType == token.User {
		var ok bool
		if v.userID, ok = p.userOf(access.Tenant, access.Subject); !ok {
			return nil, errInactive
		}
		v.facts.User = grant.UserSubject(access.Tenant, v.userID)
	}
	if v.conditions = conditionsOf(access); v.conditions != nil {
		v.facts.Through = v.conditions.through
	}
	if access.Origin != nil {
		v.facts.Before = access.Origin.IDs
	}
	p.verifiedTokens.byHash.Set(hash, v)
	return v, nil
}

// judged tells a bad token from our own trouble with it.
func judged(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, token.ErrInvalid):
		return errInactive
	}
	return unavailable(err)
}

func (p *provider) checkRevoked(v *verified) error {
	revoked, err := p.revocations.Check(v.facts)
	switch {
	case err != nil:
		return unavailable(err)
	case revoked:
		return errInactive
	}
	return nil
}

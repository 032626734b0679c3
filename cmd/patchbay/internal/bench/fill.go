package bench

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/token"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// user is the i-th of the filled users, or the sample's first when none were filled.
func (o Options) user(i int) mapping.UserID {
	if o.Users == 0 {
		return mapping.UserID(iq.Known()[0].UserID)
	}
	return mapping.UserID(strconv.Itoa(iq.FirstFilled + i%o.Users))
}

// introspections mints live tokens, each of another user as far as there are so many, and prepares a
// switch's question about each. The tokens are signed by the server's own keys, so that to it they are
// any others.
func (r *rig) introspections(o Options) ([][]byte, error) {
	minter := token.New(token.Config{Keys: r.server.Keyring, Issuer: func(iss string) (keyring.Scope, bool) {
		return keyring.Shared, iss == r.issuer()
	}})
	var prepared [][]byte
	for i := range o.Tokens {
		raw, _, err := minter.MintAccess(token.Signing{Algorithm: keyring.ES256, Lifetime: time.Hour}, token.Access{
			Issuer: r.issuer(), Subject: token.Subject(o.user(i)), SubjectType: token.User,
			Audience: []string{r.issuer() + "/resources", "contact-centre"}, ClientID: "bench-app",
			Scope: []string{"openid", "profile", "contact-centre"}, GrantID: id.New().String(), Tenant: "acme",
			Login: token.Login{SessionID: id.New().String(), AuthTime: time.Now(), ACR: "1", AMR: []string{"pwd"}, IDP: "local"},
		})
		if err != nil {
			return nil, err
		}
		prepared = append(prepared, post(r.realm()+"/protocol/openid-connect/token/introspect", "bench-switch", clientSecret, url.Values{"token": {raw}}))
	}
	return prepared, nil
}

// families opens refresh families and returns the tokens of the first of them, one for each client, and
// then as many for whose grants there is an ID token.
func (r *rig) families(ctx context.Context, o Options) ([]string, error) {
	grants := grant.New(grant.Config{Store: r.server.Store, Sealer: r.keys, Revocations: &grant.Revocations{}})
	policy := registry.Refresh{Rotation: true, Sliding: 2 * time.Hour, Absolute: 12 * time.Hour}
	tokens := make([]string, 2*o.Clients)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range o.Clients {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < max(o.Families, len(tokens)); i = int(next.Add(1)) - 1 {
				scope := []string{"offline_access", "contact-centre"}
				if i >= o.Clients {
					scope = append(scope, "openid")
				}
				opened, err := grants.Open(ctx, grant.Grant{
					ID: id.New(), Issuer: r.issuer(), Account: "acme", ClientID: "bench-app", RequestedClientID: "bench-app",
					UserID: o.user(i), Scope: scope, SessionID: id.New(),
					AuthTime: time.Now(), AMR: []string{"pwd"}, ACR: "1", IDP: "local", CreatedAt: time.Now(),
				}, policy)
				if err != nil {
					return fmt.Errorf("fill refresh families: %w", err)
				}
				if i < len(tokens) {
					tokens[i] = opened.RefreshToken
				}
			}
			return nil
		})
	}
	return tokens, group.Wait()
}

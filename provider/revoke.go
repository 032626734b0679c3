package provider

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/provider/token"
)

// revoked is the answer to every revocation that did not fail (RFC 7009 §2.2): whether there was
// such a token is nobody's business.
type revoked struct{}

// revoke makes a token useless. A refresh token takes its grant along. The token of another client is
// left alone.
func (p *provider) revoke(ctx context.Context, x *exchange, raw string) (any, error) {
	if grant.IsRefreshToken(raw) {
		g, err := p.grants.RevokeRefresh(ctx, raw, x.client.ID)
		if err != nil {
			return nil, unavailable(err)
		}
		if g != nil {
			p.recordRevoked(x, g.UserID, "gid", g.ID.String())
		}
		return revoked{}, nil
	}
	access, err := p.tokens.VerifyAccess(ctx, raw)
	switch {
	case errors.Is(err, token.ErrInvalid):
		return revoked{}, nil
	case err != nil:
		return nil, unavailable(err)
	case access.ClientID != x.client.ID:
		return revoked{}, nil
	}
	if err := p.grants.Revoke(ctx, grant.KindToken, access.ID); err != nil {
		return nil, unavailable(err)
	}
	user, _ := p.userOf(access.Tenant, access.Subject) // nobody in a client's own token
	p.recordRevoked(x, user, "jti", access.ID)
	return revoked{}, nil
}

func (p *provider) recordRevoked(x *exchange, user mapping.UserID, name, value string) {
	p.events.Append(broker.Event{
		Kind: broker.Revoked, Account: x.client.Account, ClientID: x.client.ID, UserID: user,
		Address: x.address, Detail: map[string]string{name: value},
	})
}

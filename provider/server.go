package provider

import (
	"context"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// server is what the library routes to: the endpoints and grants that exist here, and nothing else.
// Whatever the library learns to route one day answers as unsupported until there is a method for it.
type server struct {
	op.UnimplementedServer
	p *provider
}

// VerifyClient returns the client that the front handler has authenticated.
func (s server) VerifyClient(ctx context.Context, _ *op.Request[op.ClientCredentials]) (op.Client, error) {
	return libraryClient{client: exchangeFrom(ctx).client}, nil
}

func (s server) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	x := exchangeFrom(ctx)
	return x.settle(s.p.exchangeCode(ctx, x, r.Data))
}

func (s server) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	x := exchangeFrom(ctx)
	return x.settle(s.p.refresh(ctx, x, r.Data))
}

func (s server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	x := exchangeFrom(ctx)
	return x.settle(s.p.userinfo(ctx, x, r.Data.AccessToken))
}

func (s server) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	x := exchangeFrom(ctx)
	return x.settle(s.p.revoke(ctx, x, r.Data.Token))
}

// settle keeps what a method returned for the renderer. The library would log an error as its own and
// pass on less than it says.
func (x *exchange) settle(result any, err error) (*op.Response, error) {
	x.result, x.err = result, err
	return &op.Response{}, nil
}

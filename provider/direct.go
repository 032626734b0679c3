package provider

import (
	"context"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// A directGrant answers a request whose client is authenticated and has the grant.
type directGrant func(ctx context.Context, x *exchange, form url.Values) (any, error)

// direct returns the method of a grant that is answered without the library's router: one that it
// does not know, knows in a form of its own, or is too slow for. Nil leaves the request to the router.
func (p *provider) direct(x *exchange, form url.Values) directGrant {
	switch x.endpoint {
	case tokens:
	case deviceAuthorization:
		return p.authorizeDevice
	case pushedAuthorization:
		return p.push
	default:
		return nil
	}
	switch form.Get("grant_type") {
	case registry.GrantClientCredentials:
		return p.clientCredentials
	case registry.GrantDeviceCode:
		return p.exchangeDevice
	case registry.GrantPassword:
		return p.password
	case registry.GrantTokenExchange:
		return p.exchangeToken
	case registry.GrantJWTBearer:
		return p.jwtBearer
	}
	return nil
}

package provider

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// An exchange is one request to an endpoint that the library routes. It travels in the context from
// the front handler, through the library's router and our methods, back to the renderer: the
// library's own types have no room for an authenticated client and lose what a Fault says.
type exchange struct {
	issuer   issuer
	endpoint endpoint
	// client and tenant are set where the endpoint authenticates its caller; at userinfo, client is
	// the one whose token was shown.
	client *registry.Client
	tenant *registry.Tenant
	// clientID is the client id as the request spelled it.
	clientID string
	// address is the caller's IP address, for the audit log.
	address string
	// network is what is counted as one address.
	network netip.Prefix
	// charged is the budget that the request was charged to, if it was yet.
	charged charge
	// basic tells that the Authorization header was used.
	basic bool
	// result and err are what one of our methods returned.
	result any
	err    error
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// captured holds what the library wrote until the renderer has judged it: nothing, when one of our
// methods was reached.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newCaptured() *captured { return &captured{header: make(http.Header, 2), status: http.StatusOK} }

func (c *captured) Header() http.Header         { return c.header }
func (c *captured) WriteHeader(status int)      { c.status = status }
func (c *captured) Write(p []byte) (int, error) { return c.body.Write(p) }

package provider

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// credentials are what a client presented about itself. A client that presents no secret may still
// be a public one.
type credentials struct {
	// pairs are the readings to try in turn.
	pairs []pair
	// assertion is a JWT signed by the client, and clientID what client_id says beside it, if anything.
	assertion string
	clientID  string
	basic     bool
}

type pair struct{ id, secret string }

// presented finds the one way in which the request authenticates its client (RFC 6749 §2.3). An empty
// client_secret counts as absent, and a client_id beside the Authorization header is no second
// method as long as it agrees.
func presented(h http.Header, form url.Values) (credentials, error) {
	headers := h.Values("Authorization")
	if form.Get("client_assertion") != "" || form.Get("client_assertion_type") != "" {
		c := credentials{basic: len(headers) > 0, assertion: form.Get("client_assertion"), clientID: form.Get("client_id")}
		switch {
		case c.basic || form.Get("client_secret") != "":
			return c, invalidRequest("More than one method of client authentication")
		case c.assertion == "" || form.Get("client_assertion_type") != assertionType:
			return c, faultOf(wrongSecret)
		}
		return c, nil
	}
	switch len(headers) {
	case 0:
		if form.Get("client_id") == "" {
			return credentials{}, faultOf(unknownClient)
		}
		return credentials{pairs: []pair{{form.Get("client_id"), form.Get("client_secret")}}}, nil
	case 1:
	default:
		return credentials{basic: true}, invalidRequest("More than one Authorization header")
	}
	if form.Get("client_secret") != "" {
		return credentials{basic: true}, invalidRequest("More than one method of client authentication")
	}
	pairs := basicPairs(headers[0])
	if len(pairs) == 0 {
		return credentials{basic: true}, faultOf(wrongSecret)
	}
	if id := form.Get("client_id"); id != "" && !sameID(id, pairs[0].id) {
		return credentials{basic: true}, invalidRequest("client_id differs from the one in the Authorization header")
	}
	return credentials{pairs: pairs, basic: true}, nil
}

// sameID compares client ids, in which the case of ASCII letters does not count. What folds to one of
// them from further away (the Kelvin sign, the long s) is longer in bytes.
func sameID(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }

// basicPairs reads an Authorization header of scheme Basic. RFC 6749 §2.3.1 wants id and secret
// form-encoded before they are joined; half of all clients forget that, so the raw form counts too.
func basicPairs(header string) []pair {
	scheme, encoded, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return nil
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return nil
	}
	id, secret, ok := strings.Cut(string(decoded), ":")
	if !ok || id == "" {
		return nil
	}
	raw := pair{id, secret}
	if !strings.ContainsAny(string(decoded), "%+") {
		return []pair{raw}
	}
	plainID, err := url.QueryUnescape(id)
	if err != nil {
		return []pair{raw}
	}
	plainSecret, err := url.QueryUnescape(secret)
	if err != nil {
		return []pair{raw}
	}
	return []pair{{plainID, plainSecret}, raw}
}

// authenticate finds the client and proves that it is the one it says it is.
func (p *provider) authenticate(ctx context.Context, x *exchange, h http.Header, form url.Values) error {
	c, err := presented(h, form)
	x.basic = c.basic
	switch {
	case err != nil:
		return err
	case c.assertion != "":
		return p.tryAssertion(ctx, x, c)
	}
	err = faultOf(unknownClient)
	for _, pair := range c.pairs {
		if err = p.tryClient(x, pair); err == nil {
			return nil
		}
	}
	return err
}

func (p *provider) tryClient(x *exchange, said pair) error {
	client, tenant, err := p.findClient(x, said.id)
	if err != nil {
		return err
	}
	now := p.now()
	switch {
	case said.secret != "":
		if err := p.proveSecret(x, client, now, said.secret); err != nil {
			return err
		}
	case !client.Public():
		return faultOf(wrongSecret)
	}
	if !client.Usable(now) || !tenant.Enabled {
		return faultOf(unusableClient)
	}
	x.client, x.tenant, x.clientID = client, tenant, said.id
	return nil
}

// findClient returns a client, in any spelling of ASCII case, and its tenant. A realm knows its own and
// the platform's.
func (p *provider) findClient(x *exchange, id string) (*registry.Client, *registry.Tenant, error) {
	registered := p.registry.Snapshot()
	client, ok := registered.Client(id)
	if !ok || x.issuer.layout.realm && !client.At(x.issuer.account) {
		return nil, nil, faultOf(unknownClient)
	}
	if client.Platform() {
		return client, &registry.Tenant{Enabled: true}, nil // a grant says later which one it is
	}
	tenant, ok := registered.Tenant(client.Account)
	if !ok {
		return nil, nil, faultOf(unknownClient)
	}
	return client, tenant, nil
}

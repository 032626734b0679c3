package provider

import (
	"context"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// assertionType is the one client_assertion_type there is (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// tryAssertion authenticates a client by what it signed with its private key: private_key_jwt of
// OpenID Connect Core §9. An assertion is good once, wherever it is shown first. Signatures are work
// that anybody can give us: the address pays in advance, and has it back when the client is authentic.
func (p *provider) tryAssertion(ctx context.Context, x *exchange, said credentials) error {
	a, err := parseAssertion(said.assertion, "client-authentication+jwt")
	if err != nil {
		return badAssertion(err)
	}
	switch {
	case a.Issuer == "" || !sameID(a.Issuer, a.Subject):
		return badAssertion(errors.New("iss and sub are not both the client"))
	case said.clientID == "":
		said.clientID = a.Issuer
	case !sameID(said.clientID, a.Issuer):
		return invalidRequest("client_id differs from the one in client_assertion")
	}
	client, tenant, err := p.findClient(x, a.Issuer)
	if err != nil {
		return err
	}
	if fault := p.limits.spendAddress(x, 1); fault != nil {
		return fault
	}
	now := p.now()
	audiences := []string{x.issuer.url, x.issuer.address(tokens), x.issuer.address(x.endpoint)}
	if err := a.verify(publicKeys(client, now), audiences, now); err != nil {
		return badAssertion(err)
	}
	if !client.Usable(now) || !tenant.Enabled {
		return faultOf(unusableClient)
	}
	ctx, cancel := context.WithTimeout(ctx, introspectionBudget)
	defer cancel()
	// Longer than it is good: another node may sweep by a clock that is ahead of this one's.
	err = p.grants.UseAssertion(ctx, "client "+client.ID, a.ID, a.Expires.Time().Add(assertionSkew))
	switch {
	case errors.Is(err, grant.ErrConflict):
		return badAssertion(errors.New("its jti was used before"))
	case err != nil:
		return unavailable(err)
	}
	p.limits.refundAddress(x, 1)
	x.client, x.tenant, x.clientID = client, tenant, said.clientID
	return nil
}

// publicKeys are those of the client's secrets that are keys and have not expired.
func publicKeys(c *registry.Client, now time.Time) []jose.JSONWebKey {
	var keys []jose.JSONWebKey
	for _, s := range c.Secrets {
		if key, ok := s.JWK(); ok && s.Usable(now) {
			keys = append(keys, key)
		}
	}
	return keys
}

func badAssertion(why error) error {
	fault := faultOf(wrongSecret)
	fault.Err = why
	return fault
}

package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// privateKeyJWT lets a client prove itself by its key, at both issuers, and shows that what it signed is
// good once (RFC 7523 §3).
func (t *tourist) privateKeyJWT(ctx context.Context) (string, error) {
	for _, issuer := range []string{t.facts.Issuer, t.facts.RealmIssuer} {
		rp, err := discover(ctx, issuer, nightlyClient, "", "")
		if err != nil {
			return "", err
		}
		if !slices.Contains(rp.metadata.TokenAuth, "private_key_jwt") || !slices.Contains(rp.metadata.TokenAuthAlgs, string(jose.ES256)) {
			return "", fmt.Errorf("discovery lists the methods %v and algorithms %v", rp.metadata.TokenAuth, rp.metadata.TokenAuthAlgs)
		}
		if err := t.assertTwice(ctx, rp); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s shares no secret, acts as user %s, and signs each request anew", nightlyClient, t.facts.Users[0].UserID), nil
}

func (t *tourist) assertTwice(ctx context.Context, rp *relyingParty) error {
	assertion, err := t.assertion(rp.metadata.Issuer)
	if err != nil {
		return err
	}
	user := t.facts.Users[0]
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"contact-centre:" + t.facts.TenantID + ":" + user.UserID},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := rp.post(ctx, rp.metadata.TokenEndpoint, form, &answer); err != nil {
		return err
	}
	seen, err := t.sbc.introspect(ctx, answer.AccessToken)
	if err != nil {
		return err
	}
	if seen["active"] != true || seen["sub"] != user.UserID || seen["client_id"] != nightlyClient {
		return fmt.Errorf("the switch got %v", seen)
	}
	switch err := rp.post(ctx, rp.metadata.TokenEndpoint, form, &answer); {
	case err == nil:
		return fmt.Errorf("%s took the same assertion twice", rp.metadata.Issuer)
	case !strings.Contains(err.Error(), http.StatusText(http.StatusUnauthorized)):
		return fmt.Errorf("the same assertion again: %w", err)
	}
	return nil
}

// assertion is what the client proves itself with.
func (t *tourist) assertion(audience string) (string, error) {
	return t.sign(jwt.Claims{Issuer: nightlyClient, Subject: nightlyClient, Audience: jwt.Audience{audience}})
}

// sign signs claims that are good for a minute, and once.
func (t *tourist) sign(claims jwt.Claims) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: t.facts.Clients[nightlyClient].PrivateKeyJWK}, nil)
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims.ID = id.New().String()
	claims.IssuedAt, claims.Expiry = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(time.Minute))
	return jwt.Signed(signer).Claims(claims).Serialize()
}

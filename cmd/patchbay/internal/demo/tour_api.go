package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/resource"
)

// apiChecks is what an API does with a token: it verifies it by itself, or asks the issuer, or asks
// whether it opens the contact centre.
func (t *tourist) apiChecks(ctx context.Context) (string, error) {
	local := resource.Config{Issuers: []string{t.facts.Issuer}, Audience: "contact-centre"}
	asking := local
	asking.Introspection = &resource.Introspection{ClientID: "api", ClientSecret: t.facts.Clients["api"].Secret}
	for how, config := range map[string]resource.Config{"locally": local, "by introspection": asking} {
		v, err := resource.New(config)
		if err != nil {
			return "", err
		}
		token, err := v.Verify(ctx, t.last.AccessToken)
		if err != nil {
			return "", fmt.Errorf("%s: %w", how, err)
		}
		if token.Subject != t.facts.Users[0].UserID || !token.HasScope("contact-centre") || !token.HasPermission("softphone") {
			return "", fmt.Errorf("%s: the token is of %s with scope %v and permissions %v", how, token.Subject, token.Scope, token.Permissions)
		}
		switch _, err := v.Verify(ctx, t.last.idToken); {
		case err == nil:
			return "", fmt.Errorf("%s: an ID token passed for an access token", how)
		case !errors.Is(err, resource.ErrInvalid):
			return "", fmt.Errorf("%s: an ID token was not called invalid: %w", how, err)
		}
	}
	var claims map[string]any
	if err := getJSON(ctx, t.facts.Base+"/contactcentre5/accesstokeninformation", t.last.AccessToken, &claims); err != nil {
		return "", err
	}
	return fmt.Sprintf("the token of %v opens the contact centre, the ID token opens nothing", claims["sub"]), nil
}

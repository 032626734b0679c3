package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// addUserinfo asks the userinfo endpoint (OpenID Connect Core 1.0 §5.3) when the ID token lacks a
// claim that the mapping will need, and adds what the ID token did not say.
func (o *OIDC) addUserinfo(ctx context.Context, md metadata, claims object, tokens *oauth2.Token) error {
	if md.userinfo == "" || !o.lacksClaims(claims) {
		return nil
	}
	info, err := getObject(ctx, o.client, md.userinfo, tokens.AccessToken)
	var status statusError
	switch {
	case errors.As(err, &status) && !status.temporary():
		return fmt.Errorf("userinfo: %w", err)
	case err != nil:
		return fmt.Errorf("%w: userinfo: %w", ErrUnreachable, err)
	}
	if err := checkSpelling(info); err != nil {
		return fmt.Errorf("userinfo: %w", err)
	}
	// §5.3.2: without this an access token of somebody else's would lend us their claims.
	if info.text("sub") != claims.text("sub") {
		return fmt.Errorf("userinfo: sub %q is not the ID token's %q", info.text("sub"), claims.text("sub"))
	}
	merge(claims, info)
	return nil
}

func (o *OIDC) lacksClaims(claims object) bool {
	for name := range strings.SplitSeq(o.cfg.ExternalIDClaim, "+") {
		if claims[name] == nil {
			return true
		}
	}
	return claims["email"] == nil && slices.Contains(o.cfg.Scopes, "email")
}

// merge adds to the ID token's claims those of userinfo that it lacks. An address and its
// verification come from the same place: they are one statement.
func merge(claims, info object) {
	if claims["email"] == nil {
		delete(claims, "email_verified")
	} else {
		delete(info, "email_verified")
	}
	for name, v := range info {
		if claims[name] == nil && !slices.Contains(protocolClaims, name) {
			claims[name] = v
		}
	}
}

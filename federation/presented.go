package federation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/patchbay-auth/patchbay/mapping"
)

// VerifyToken returns who an ID token of this IdP says somebody is. A client presents it, and no
// callback: it is judged as strictly as in Finish, but for the nonce, and it must not be older than a
// day. Its azp, if there is one, is patchbay. Userinfo is not asked, because there is no access token to
// ask it with. The errors are Finish's.
func (o *OIDC) VerifyToken(ctx context.Context, raw string) (mapping.Identity, error) {
	identity, err := o.verifyPresented(ctx, raw)
	if err != nil {
		return mapping.Identity{}, fmt.Errorf("connection %q: %w", o.cfg.Connection, err)
	}
	return identity, nil
}

func (o *OIDC) verifyPresented(ctx context.Context, raw string) (mapping.Identity, error) {
	md, err := o.metadata.get(ctx)
	if err != nil {
		return mapping.Identity{}, err
	}
	now := o.cfg.Now()
	_, claims, err := o.open(ctx, md.value, raw, now, typeID)
	if err == nil {
		err = o.expectation(memo{MaxAge: anyAge}, now, claims).checkPresented(claims)
	}
	if err == nil {
		err = o.cfg.Preset.check(claims)
	}
	if err != nil {
		return mapping.Identity{}, fmt.Errorf("id token: %w", err)
	}
	return o.identity(claims)
}

// Parties returns what a JWT says about who made it and for whom, to find the connection that can verify
// it. Nothing of that has been verified.
func Parties(raw string) (issuer string, audience []string, err error) {
	parts := strings.Split(raw, ".")
	if len(raw) > maxToken || len(parts) != 3 {
		return "", nil, errors.New("it is not a signed JWT of reasonable size")
	}
	payload, err := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	if err != nil {
		return "", nil, errors.New("its payload is not base64url")
	}
	claims, err := parseObject(payload)
	if err != nil {
		return "", nil, errors.New("its payload is not a JSON object without duplicates")
	}
	audience, _ = claims.texts("aud")
	return claims.text("iss"), audience, nil
}

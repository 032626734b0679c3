package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/patchbay-auth/patchbay/mapping"
)

// The types of access tokens, as typ names them.
const (
	AccessJWT = "at+jwt" // RFC 9068
	PlainJWT  = "JWT"    // of providers that are older than that
)

// AccessTokens says which access tokens of the IdP count. Zero: none.
type AccessTokens struct {
	// Audiences are the APIs that stand behind patchbay: a token must be for one of them.
	Audiences []string
	// Type is AccessJWT or PlainJWT. Empty means AccessJWT.
	Type string
}

// VerifyAccess returns who an access token of this IdP is about, and when it ends. It must be a JWT for one
// of the configured audiences: an opaque one does not say whom it was issued for, so that any application
// of the IdP's could present what a person gave it. Its errors are Finish's.
func (o *OIDC) VerifyAccess(ctx context.Context, raw string) (mapping.Identity, time.Time, error) {
	identity, expires, err := o.verifyAccess(ctx, raw)
	if err != nil {
		return mapping.Identity{}, time.Time{}, fmt.Errorf("connection %q: access token: %w", o.cfg.Connection, err)
	}
	return identity, expires, nil
}

func (o *OIDC) verifyAccess(ctx context.Context, raw string) (mapping.Identity, time.Time, error) {
	none := func(err error) (mapping.Identity, time.Time, error) { return mapping.Identity{}, time.Time{}, err }
	if len(o.cfg.Access.Audiences) == 0 {
		return none(errors.New("the connection has no access_tokens.audiences"))
	}
	md, err := o.metadata.get(ctx)
	if err != nil {
		return none(err)
	}
	if err := checkHeader(raw, md.value.algs, typeAccess(o.cfg.Access.Type)); err != nil {
		return none(err)
	}
	now := o.cfg.Now()
	keys := &keySet{keys: o.keys, algs: md.value.algs}
	_, err = oidc.NewVerifier(o.cfg.Issuer, keys, &oidc.Config{
		SkipClientIDCheck: true, SkipIssuerCheck: true, // both are the expectation's
		SupportedSigningAlgs: md.value.algs, Now: func() time.Time { return now.Add(-o.cfg.ClockSkew) },
	}).Verify(ctx, raw)
	switch {
	case keys.err != nil:
		return none(keys.err)
	case err != nil:
		return none(err)
	}
	claims, err := parseObject(keys.payload)
	if err != nil {
		return none(err)
	}
	e := o.expectation(memo{MaxAge: anyAge}, now, claims)
	err = checkAll(claims, checkSpelling, e.checkIssuer, o.checkAccess, checkSubject, checkEvents, e.checkTimes, e.checkAge, e.checkAuthTime, o.cfg.Preset.check)
	if err != nil {
		return none(err)
	}
	expires, err := claims.date("exp")
	if err != nil {
		return none(err)
	}
	identity, err := o.identity(claims)
	return identity, expires, err
}

// typeAccess takes what says that it is an access token of the kind, in any case (RFC 9068 §4).
func typeAccess(kind string) tokenType {
	if kind == PlainJWT {
		return typeID
	}
	return func(typ string, _ bool) bool {
		return strings.EqualFold(strings.TrimPrefix(strings.ToLower(typ), "application/"), AccessJWT)
	}
}

func (e expectation) checkIssuer(claims object) error {
	if iss := claims.text("iss"); iss != e.issuer {
		return fmt.Errorf("iss %q is not %q", iss, e.issuer)
	}
	return nil
}

// checkAccess judges what tells an access token that a person's application may present from other tokens
// of the same IdP: ID tokens, those of applications for themselves, those bound to a key.
func (o *OIDC) checkAccess(claims object) error {
	aud, ok := claims.texts("aud")
	if !ok || !slices.ContainsFunc(aud, func(name string) bool { return slices.Contains(o.cfg.Access.Audiences, name) }) {
		return fmt.Errorf("aud %v is none of %q", claims["aud"], o.cfg.Access.Audiences)
	}
	if slices.Contains(aud, o.cfg.ClientID) {
		return fmt.Errorf("aud %q contains patchbay's client id: it is an ID token's", aud)
	}
	for _, name := range []string{"nonce", "at_hash", "c_hash"} {
		if _, present := claims[name]; present {
			return fmt.Errorf("%s has no place in an access token", name)
		}
	}
	if _, present := claims["cnf"]; present {
		return errors.New("cnf: it is bound to a key that was not shown (RFC 7800)")
	}
	for _, name := range []string{"client_id", "azp"} {
		if claims.text(name) != "" && claims.text(name) == claims.text("sub") {
			return fmt.Errorf("sub is its %s: nobody has logged in for it (RFC 9068 §2.2)", name)
		}
	}
	return nil
}

func (a AccessTokens) faults(clientID string) []error {
	var faults []error
	if slices.Contains(a.Audiences, clientID) {
		faults = append(faults, fmt.Errorf("access_tokens.audiences: %q is patchbay's client id: ID tokens are for it", clientID))
	}
	if a.Type != "" && a.Type != AccessJWT && a.Type != PlainJWT {
		faults = append(faults, fmt.Errorf("access_tokens.type: %q is neither %s nor %s", a.Type, AccessJWT, PlainJWT))
	}
	return faults
}

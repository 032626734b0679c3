package federation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// verify returns the claims of the raw ID token that answers a login.
func (o *OIDC) verify(ctx context.Context, md metadata, m memo, raw, accessToken string) (object, error) {
	now := o.cfg.Now()
	token, claims, err := o.open(ctx, md, raw, now, typeID)
	if err != nil {
		return nil, err
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(accessToken); err != nil {
			return nil, fmt.Errorf("at_hash: %w", err)
		}
	}
	if err := o.cfg.Preset.check(claims); err != nil {
		return nil, err
	}
	return claims, o.expectation(m, now, claims).check(claims)
}

func (o *OIDC) expectation(m memo, now time.Time, claims object) expectation {
	return expectation{issuer: o.cfg.issuerOf(claims), clientID: o.cfg.ClientID, memo: m, now: now, skew: o.cfg.ClockSkew}
}

// open returns the claims of a raw ID token, or of another JWT of the IdP's (OpenID Connect Core 1.0 §3.1.3.7): its header is judged by
// our rules, its signature, issuer, audience and expiry by go-oidc's. An expectation has to judge the
// claims again, by ours.
func (o *OIDC) open(ctx context.Context, md metadata, raw string, now time.Time, kind tokenType) (*oidc.IDToken, object, error) {
	if err := checkHeader(raw, md.algs, kind); err != nil {
		return nil, nil, err
	}
	keys := &keySet{keys: o.keys, algs: md.algs}
	verifier := oidc.NewVerifier(o.cfg.Issuer, keys, &oidc.Config{
		ClientID:             o.cfg.ClientID,
		SupportedSigningAlgs: md.algs,
		SkipIssuerCheck:      len(o.cfg.Preset.Tenants) > 0, // the expectation has the list
		Now:                  func() time.Time { return now.Add(-o.cfg.ClockSkew) },
	})
	token, err := verifier.Verify(ctx, raw)
	switch {
	case keys.err != nil:
		return nil, nil, keys.err
	case err != nil:
		return nil, nil, briefError{err}
	}
	claims, err := parseObject(keys.payload)
	return token, claims, err
}

// A briefError says no more than a log needs. The library quotes what it did not expect, before it has
// looked at the signature: anybody could have that much logged.
type briefError struct{ error }

func (e briefError) Error() string { return cut(e.error.Error()) }

func (e briefError) Unwrap() error { return e.error }

// checkHeader judges the JOSE header before any key is looked for.
func checkHeader(raw string, algs []string, kind tokenType) error {
	if raw == "" {
		return errors.New("missing")
	}
	if len(raw) > maxToken {
		return fmt.Errorf("%d bytes are too many", len(raw))
	}
	encoded, _, _ := strings.Cut(raw, ".")
	text, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return errors.New("header: not base64url")
	}
	header, err := parseObject(text)
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if alg := header.text("alg"); !slices.Contains(algs, alg) {
		return fmt.Errorf("header: alg %q is not one of %q", cut(alg), algs)
	}
	if typ, present := header["typ"]; !kind(header.text("typ"), present) {
		return fmt.Errorf("header: typ %q is of another kind of token", cut(fmt.Sprint(typ)))
	}
	for _, name := range []string{"crit", "b64", "jwk", "jku", "x5c", "x5u", "enc", "zip"} {
		if _, present := header[name]; present {
			return fmt.Errorf("header: %s has no place in a token of an identity provider", name)
		}
	}
	return nil
}

package federation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/patchbay-auth/patchbay/internal/egress"
)

const (
	metadataRefresh = time.Hour
	metadataExpiry  = 24 * time.Hour
)

// trustedAlgs are the signature algorithms an ID token may have: asymmetric ones only. With HS256
// the IdP's public key, or a client secret that leaked elsewhere, would sign.
var trustedAlgs = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// metadata is what discovery says about an IdP (OpenID Connect Discovery 1.0 §3).
type metadata struct {
	authorization, token, userinfo, jwks, endSession string
	// algs are the trusted algorithms that the IdP says it signs ID tokens with.
	algs []string
	// sendsIssuer says that every callback carries iss (RFC 9207 §3).
	sendsIssuer bool
	authStyle   oauth2.AuthStyle
}

// discoveryURL is where the IdP's metadata is (OpenID Connect Discovery 1.0 §4).
func (o *OIDC) discoveryURL() string {
	return o.cfg.discoveryIssuer() + "/.well-known/openid-configuration"
}

// discover fetches the IdP's metadata. Every failure is ErrUnreachable: it says that we cannot
// reach the configured IdP, and nothing about any person.
func (o *OIDC) discover(ctx context.Context) (metadata, error) {
	address := o.discoveryURL()
	doc, err := getObject(ctx, o.client, address, "")
	if err != nil {
		return metadata{}, fmt.Errorf("%w: discovery: %w", ErrUnreachable, err)
	}
	md, err := readMetadata(doc, o.cfg)
	if err != nil {
		return metadata{}, fmt.Errorf("%w: discovery: %s: %w", ErrUnreachable, address, err)
	}
	return md, nil
}

func readMetadata(doc object, cfg Config) (metadata, error) {
	if got := doc.text("issuer"); got != cfg.Issuer {
		return metadata{}, fmt.Errorf("issuer: %q is not the configured %q", got, cfg.Issuer)
	}
	var md metadata
	for _, e := range []struct {
		name     string
		to       *string
		optional bool
	}{
		{"authorization_endpoint", &md.authorization, false},
		{"token_endpoint", &md.token, false},
		{"jwks_uri", &md.jwks, false},
		{"userinfo_endpoint", &md.userinfo, true},
		{"end_session_endpoint", &md.endSession, true}, // OpenID Connect RP-Initiated Logout 1.0 §2.1
	} {
		raw, present := doc[e.name]
		if !present && e.optional {
			continue
		}
		*e.to, _ = raw.(string)
		if _, err := egress.CheckURL(*e.to, cfg.AllowPrivateNetwork); err != nil {
			return metadata{}, fmt.Errorf("%s: %w", e.name, err)
		}
	}
	md.sendsIssuer = doc["authorization_response_iss_parameter_supported"] == true
	if err := md.readAlgs(doc); err != nil {
		return metadata{}, err
	}
	return md, md.readAuthStyle(doc, cfg)
}

func (md *metadata) readAlgs(doc object) error {
	const name = "id_token_signing_alg_values_supported"
	offered, ok := doc.texts(name)
	if !ok {
		return fmt.Errorf("%s: is not an array of strings", name)
	}
	if len(offered) == 0 {
		offered = []string{"RS256"} // the one that every IdP must support
	}
	for _, alg := range trustedAlgs {
		if slices.Contains(offered, alg) {
			md.algs = append(md.algs, alg)
		}
	}
	if len(md.algs) == 0 {
		return fmt.Errorf("%s: %q has no asymmetric algorithm", name, offered)
	}
	return nil
}

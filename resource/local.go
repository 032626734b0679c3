package resource

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those that patchbay signs with. None is symmetric: a public key is no secret.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA}
}

// verifyLocally verifies a token with the key set of the issuer that it names, if that is one of ours.
func (v *Verifier) verifyLocally(ctx context.Context, raw string) (*Token, error) {
	jws, err := jose.ParseSignedCompact(raw, algorithms())
	if err != nil {
		return nil, fmt.Errorf("%w: it is not a JWT signed with a known algorithm", ErrInvalid)
	}
	head := jws.Signatures[0].Protected
	if !v.isAccessType(head.ExtraHeaders[jose.HeaderType]) {
		return nil, fmt.Errorf("%w: its typ is not an access token's", ErrInvalid)
	}
	claimed, _, err := readClaims(jws.UnsafePayloadWithoutVerification())
	if err != nil {
		return nil, err
	}
	keys, ours := v.issuers[claimed.Issuer]
	if !ours {
		return nil, fmt.Errorf("%w: its issuer is not accepted here", ErrInvalid)
	}
	key, err := keys.key(ctx, head.KeyID)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != head.Algorithm {
		return nil, fmt.Errorf("%w: its alg is not its key's", ErrInvalid)
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, fmt.Errorf("%w: its signature is not its key's", ErrInvalid)
	}
	c, all, err := readClaims(payload)
	if err != nil {
		return nil, err
	}
	if err := v.judge(c); err != nil {
		return nil, err
	}
	return c.token(all), nil
}

// isAccessType judges a typ. RFC 9068 §4 allows it to be spelled as a whole media type.
func (v *Verifier) isAccessType(typ any) bool {
	text, _ := typ.(string)
	text = strings.TrimPrefix(strings.ToLower(text), "application/")
	return text == "at+jwt" || text == "jwt" && v.config.AllowPlainType
}

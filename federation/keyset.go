package federation

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// A key that the IdP withdrew is unknown here after keyRefresh, and after keyExpiry even if
	// the IdP has not answered since.
	keyRefresh = 15 * time.Minute
	keyExpiry  = time.Hour

	maxKeys    = 100
	minRSABits = 2048
	maxRSABits = 8192 // more would cost us seconds for each signature, valid or not
)

// fetchKeys reads the IdP's key set (RFC 7517 §5).
func (o *OIDC) fetchKeys(ctx context.Context) ([]jose.JSONWebKey, error) {
	md, err := o.metadata.get(ctx)
	if err != nil {
		return nil, err
	}
	doc, err := getObject(ctx, o.client, md.value.jwks, "")
	if err != nil {
		return nil, fmt.Errorf("%w: jwks: %w", ErrUnreachable, err)
	}
	keys, err := readKeys(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: jwks: %s: %w", ErrUnreachable, md.value.jwks, err)
	}
	return keys, nil
}

// readKeys keeps the public keys that can verify a signature. Others are passed over: RFC 7517 §5
// wants sets to be readable by those who know only some of the key types in them.
func readKeys(doc object) ([]jose.JSONWebKey, error) {
	list, ok := doc["keys"].([]any)
	if !ok {
		return nil, errors.New("keys: is not an array")
	}
	if len(list) > maxKeys {
		return nil, fmt.Errorf("keys: %d are more than %d", len(list), maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, entry := range list {
		text, err := json.Marshal(entry)
		if err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		var key jose.JSONWebKey
		if key.UnmarshalJSON(text) == nil && usable(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("keys: none of them can verify a signature")
	}
	return keys, nil
}

func usable(key jose.JSONWebKey) bool {
	if !key.Valid() || !key.IsPublic() || key.Use != "" && key.Use != "sig" {
		return false
	}
	public, isRSA := key.Key.(*rsa.PublicKey)
	return !isRSA || public.N.BitLen() >= minRSABits && public.N.BitLen() <= maxRSABits
}

// A keySet verifies one token for go-oidc, which would keep the text of an error and drop its
// meaning, and decode the payload more loosely than we do: so it remembers both.
type keySet struct {
	keys *cached[[]jose.JSONWebKey]
	algs []string

	payload []byte
	err     error
}

// VerifySignature implements oidc.KeySet.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	s.payload, s.err = s.verify(ctx, token)
	return s.payload, s.err
}

func (s *keySet) verify(ctx context.Context, token string) ([]byte, error) {
	algs := make([]jose.SignatureAlgorithm, len(s.algs))
	for i, alg := range s.algs {
		algs[i] = jose.SignatureAlgorithm(alg)
	}
	jws, err := jose.ParseSignedCompact(token, algs)
	if err != nil {
		return nil, err
	}
	have, err := s.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	if payload, ok := verifyWith(have.value, jws); ok {
		return payload, nil
	}
	// The key may be newer than our copy of the set.
	kid := jws.Signatures[0].Header.KeyID
	next, err := s.keys.newer(ctx, have.number)
	switch {
	case errors.Is(err, errTooSoon): // what we have is fresh, and says no
		return nil, fmt.Errorf("no key of the identity provider made the signature, kid %q", cut(kid))
	case err != nil:
		return nil, err
	}
	if payload, ok := verifyWith(next.value, jws); ok {
		return payload, nil
	}
	return nil, fmt.Errorf("no key of the identity provider made the signature, kid %q", cut(kid))
}

// verifyWith tries the keys that the header allows: those with its kid, or all when it has none.
func verifyWith(keys []jose.JSONWebKey, jws *jose.JSONWebSignature) ([]byte, bool) {
	header := jws.Signatures[0].Header
	for _, key := range keys {
		if header.KeyID != "" && key.KeyID != header.KeyID {
			continue
		}
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := jws.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, false
}

package keyring

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A keySet is a rendered JWKS and the time of the next change to it.
type keySet struct {
	json  []byte
	until time.Time
}

func (s *keySet) current(now time.Time) bool {
	return s != nil && (s.until.IsZero() || now.Before(s.until))
}

// rendered returns the scope's JWKS at now (RFC 7517 §5), rendering it when a key has left it since.
func (k *scopeKeys) rendered(now time.Time) ([]byte, error) {
	if set := k.jwks.Load(); set.current(now) {
		return set.json, nil
	}
	set := &keySet{}
	jwks := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, e := range k.entries {
		if !e.published(now) {
			continue
		}
		if at := e.expiresAt; !at.IsZero() && (set.until.IsZero() || at.Before(set.until)) {
			set.until = at
		}
		signer, err := e.signer()
		if err != nil {
			return nil, err
		}
		jwks.Keys = append(jwks.Keys, jose.JSONWebKey{
			Key: signer.key.Public(), KeyID: string(e.ID), Algorithm: string(e.Algorithm), Use: "sig",
		})
	}
	var err error
	if set.json, err = json.Marshal(jwks); err != nil {
		return nil, fmt.Errorf("render JWKS: %w", err)
	}
	k.jwks.Store(set)
	return set.json, nil
}

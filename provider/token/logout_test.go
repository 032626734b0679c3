package token_test

import (
	"errors"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

func TestLogoutTokenOnTheWire(t *testing.T) {
	b := newBench(t)
	for _, alg := range []keyring.Algorithm{keyring.RS256, keyring.ES256} {
		raw, err := b.MintLogout(alg, token.Logout{Issuer: realm, Subject: "4711", SessionID: "fedc", ClientID: "Agent-App"})
		if err != nil {
			t.Fatal(err)
		}
		header, claims := members(t, part(t, raw, 0)), members(t, part(t, raw, 1))
		if header["typ"] != "logout+jwt" || header["alg"] != string(alg) || len(header) != 3 {
			t.Errorf("header is %v", header)
		}
		issued := float64(start.Unix())
		for name, want := range map[string]any{
			"iss": realm, "sub": "4711", "aud": "Agent-App", "sid": "fedc", "iat": issued, "exp": issued + 120,
		} {
			if claims[name] != want {
				t.Errorf("%s is %v, want %v", name, claims[name], want)
			}
		}
		if len(claims) != 8 || claims["jti"] == "" || claims["nonce"] != nil { // those six, jti and events
			t.Errorf("claims are %v", claims)
		}
		if _, err := b.VerifyAccess(t.Context(), raw); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("taken for an access token: %v", err)
		}
		if _, err := b.VerifyHint(t.Context(), raw); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("taken for an ID token: %v", err)
		}
	}
	for name, l := range map[string]token.Logout{
		"another's issuer": {Issuer: "https://evil.example", Subject: "4711", SessionID: "fedc", ClientID: "agent-app"},
		"no user":          {Issuer: shared, SessionID: "fedc", ClientID: "agent-app"},
		"no session":       {Issuer: shared, Subject: "4711", ClientID: "agent-app"},
		"no client":        {Issuer: shared, Subject: "4711", SessionID: "fedc"},
	} {
		if raw, err := b.MintLogout(keyring.RS256, l); err == nil {
			t.Errorf("%s: minted %s", name, raw)
		}
	}
}

package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// A machine is a client that signs its assertions (RFC 7523 §2.2).
type machine struct {
	stock
	rig    *rig
	signer jose.Signer
}

// newMachineKey makes the key of the client bench-signer, and what the tenant file says of it.
func newMachineKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	public, err := (&jose.JSONWebKey{Key: key.Public(), KeyID: "bench", Algorithm: "ES256", Use: "sig"}).MarshalJSON()
	return key, public, err
}

func (r *rig) newMachine() (*machine, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: r.machineKey, KeyID: "bench"}}, nil)
	return &machine{rig: r, signer: signer}, err
}

// assertionsPerSecond is more than any machine uses up.
const assertionsPerSecond = 8000

// prepare signs as many assertions as a window can use: each is good once.
func (m *machine) prepare(window time.Duration) error {
	var requests [][]byte
	for range int(window.Seconds()*assertionsPerSecond) + 1 {
		now := time.Now()
		assertion, err := jwt.Signed(m.signer).Claims(jwt.Claims{
			Issuer: "bench-signer", Subject: "bench-signer", Audience: jwt.Audience{m.rig.issuer()},
			ID: id.New().String(), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
		}).Serialize()
		if err != nil {
			return err
		}
		requests = append(requests, post(m.rig.issuer()+"/connect/token", "", "", url.Values{
			"grant_type": {"client_credentials"}, "scope": {"contact-centre"}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		}))
	}
	m.fill(requests)
	return nil
}

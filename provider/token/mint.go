package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

// A Type is the typ of a token's header.
type Type string

// The types of access tokens. An ID token's is always JWT.
const (
	AccessJWT Type = "at+jwt" // RFC 9068
	PlainJWT  Type = "JWT"    // for resource servers that know no other
)

// ErrTooLarge means that a token would have more than 16 KiB. Fewer claims make it smaller.
var ErrTooLarge = errors.New("token is larger than 16 KiB")

// Signing says how to sign a token, as the client is configured.
type Signing struct {
	Algorithm keyring.Algorithm
	// Type is for access tokens only. Empty means AccessJWT.
	Type Type
	// Lifetime is at least a second; fractions are cut off.
	Lifetime time.Duration
}

// Beside is what a response carries beside an ID token, which then holds the hash of it
// (OpenID Connect Core §3.3.2.11). Each may be empty.
type Beside struct {
	AccessToken string
	Code        string
}

// MintAccess signs an access token and returns it with what minting set: the Access it returns is what
// VerifyAccess will find, except that Claims will then have JSON's types. It fails on a reserved claim, an issuer that is not ours, a missing
// name, or a scope without a key; the error wraps ErrTooLarge when the claims are too many.
func (t *Tokens) MintAccess(how Signing, a Access) (string, Access, error) {
	if name := a.absent(); name != "" {
		return "", Access{}, fmt.Errorf("mint an access token: it has no %s", name)
	}
	if how.Type == "" {
		how.Type = AccessJWT
	}
	if how.Type != AccessJWT && how.Type != PlainJWT {
		return "", Access{}, fmt.Errorf("mint an access token: its type %q is neither %s nor %s", how.Type, AccessJWT, PlainJWT)
	}
	signer, err := t.signer(a.Issuer, how)
	if err != nil {
		return "", Access{}, fmt.Errorf("mint an access token: %w", err)
	}
	a.ID, a.KeyID, a.AuthTime = newID(), signer.ID, toSecond(a.AuthTime)
	a.IssuedAt, a.Expires = t.span(how.Lifetime)
	a.NotBefore = a.IssuedAt
	raw, err := sign(signer, how.Type, accessClaims{
		Issuer: a.Issuer, Subject: a.Subject, SubjectType: a.SubjectType, Audience: a.Audience,
		ClientID: a.ClientID, Scope: strings.Join(a.Scope, " "),
		IssuedAt: a.IssuedAt.Unix(), NotBefore: a.NotBefore.Unix(), Expires: a.Expires.Unix(),
		ID: a.ID, GrantID: a.GrantID, Tenant: string(a.Tenant), Actor: a.Actor, Origin: a.Origin,
		loginClaims: a.claims(),
	}, a.Claims)
	if err != nil {
		return "", Access{}, fmt.Errorf("mint an access token: %w", err)
	}
	return raw, a, nil
}

// MintID signs an ID token. It fails as MintAccess does.
func (t *Tokens) MintID(how Signing, id ID, with Beside) (string, ID, error) {
	if id.Subject == "" || id.ClientID == "" {
		return "", ID{}, errors.New("mint an ID token: sub or aud is empty")
	}
	signer, err := t.signer(id.Issuer, how)
	if err != nil {
		return "", ID{}, fmt.Errorf("mint an ID token: %w", err)
	}
	id.KeyID, id.AuthTime = signer.ID, toSecond(id.AuthTime)
	id.IssuedAt, id.Expires = t.span(how.Lifetime)
	raw, err := sign(signer, PlainJWT, idClaims{
		Issuer: id.Issuer, Subject: id.Subject, Audience: id.ClientID, AuthorizedParty: id.ClientID,
		IssuedAt: id.IssuedAt.Unix(), NotBefore: id.IssuedAt.Unix(), Expires: id.Expires.Unix(), Nonce: id.Nonce,
		AccessHash: leftHalf(how.Algorithm, with.AccessToken), CodeHash: leftHalf(how.Algorithm, with.Code),
		loginClaims: id.claims(),
	}, id.Claims)
	if err != nil {
		return "", ID{}, fmt.Errorf("mint an ID token: %w", err)
	}
	return raw, id, nil
}

// absent names a claim that every access token has and this one would lack, or nothing.
func (a Access) absent() string {
	switch {
	case a.Subject == "":
		return "sub"
	case !a.SubjectType.known():
		return "sub_type"
	case len(a.Audience) == 0:
		return "aud"
	case a.ClientID == "":
		return "client_id"
	case a.GrantID == "":
		return "gid"
	case a.Tenant == "":
		return "tenant"
	}
	return ""
}

// signer returns the key that signs for an issuer, after the lifetime it is asked to vouch for.
func (t *Tokens) signer(iss string, how Signing) (*keyring.Signer, error) {
	if how.Lifetime < time.Second {
		return nil, fmt.Errorf("lifetime %v is less than a second", how.Lifetime)
	}
	scope, ours := t.issuer(iss)
	if !ours {
		return nil, fmt.Errorf("issuer %q is not ours", iss)
	}
	return t.keys.Signer(scope, how.Algorithm)
}

func (t *Tokens) span(lifetime time.Duration) (from, to time.Time) {
	from = toSecond(t.now())
	return from, from.Add(lifetime.Truncate(time.Second))
}

// sign renders header and claims and appends the signature. Further claims are written after the
// token's own, of which checkClaims lets them repeat none.
func sign(signer *keyring.Signer, typ Type, own any, further map[string]any) (string, error) {
	if err := checkClaims(further); err != nil {
		return "", err
	}
	payload, err := json.Marshal(own)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	if len(further) > 0 {
		more, err := json.Marshal(further)
		if err != nil {
			return "", fmt.Errorf("encode further claims: %w", err)
		}
		payload = append(payload[:len(payload)-1], ',')
		payload = append(payload, more[1:]...)
	}
	// None of the three needs escaping: two are constants, the third is base64url.
	header := `{"alg":"` + string(signer.Algorithm) + `","typ":"` + string(typ) + `","kid":"` + string(signer.ID) + `"}`

	raw := make([]byte, 0, 512+len(payload)*4/3)
	raw = base64.RawURLEncoding.AppendEncode(raw, []byte(header))
	raw = append(raw, '.')
	raw = base64.RawURLEncoding.AppendEncode(raw, payload)
	signature, err := signer.Sign(raw)
	if err != nil {
		return "", err
	}
	raw = append(raw, '.')
	raw = base64.RawURLEncoding.AppendEncode(raw, signature)
	if len(raw) > maxSize {
		return "", fmt.Errorf("%w: it has %d bytes", ErrTooLarge, len(raw))
	}
	return string(raw), nil
}

// leftHalf is the hash of a value as at_hash and c_hash have it (OpenID Connect Core §3.1.3.6), by the
// hash function of the ID token's algorithm: for EdDSA that of Ed25519, SHA-512. Nothing has no hash.
func leftHalf(alg keyring.Algorithm, value string) string {
	if value == "" {
		return ""
	}
	if alg == keyring.EdDSA {
		sum := sha512.Sum512([]byte(value))
		return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func newID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(id[:])
}

// toSecond cuts t to what a NumericDate holds, in UTC.
func toSecond(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.Unix(), 0).UTC()
}

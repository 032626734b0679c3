package grant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// NewSecret returns 256 random bits in base64url, and their hash.
func NewSecret() (string, Hash) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	s := base64.RawURLEncoding.EncodeToString(b[:])
	return s, HashOf(s)
}

// HashOf returns the hash under which a secret is stored.
func HashOf(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// NewCode returns a fresh authorization code and the record to store for it.
func (s *Service) NewCode(g Grant, redirectURI, challenge string) (string, Code) {
	code, hash := NewSecret()
	now := s.now()
	return code, Code{
		Hash: hash, Grant: g, RedirectURI: redirectURI, Challenge: challenge,
		CreatedAt: now, ExpiresAt: now.Add(s.codeLifetime),
	}
}

// A Redemption is an authorization code as a client presents it (RFC 6749 §4.1.3).
type Redemption struct {
	Code        string
	Issuer      string
	ClientID    string
	RedirectURI string
	// Verifier is the code_verifier of RFC 7636, or empty.
	Verifier string
	// Refresh says whether a refresh token is due for the grant and under which policy; nil means
	// that none is.
	Refresh func(Grant) *registry.Refresh
}

// Redeemed is what a code or a refresh token was exchanged for.
type Redeemed struct {
	Grant Grant
	// RefreshToken is empty when none is due.
	RefreshToken     string
	RefreshExpiresAt time.Time
	Family           id.ID
	// Replayed is set when a refresh token came twice inside the grace window and was answered with
	// the same successor again.
	Replayed bool
}

// Redeem exchanges a code, once. check runs before the code is claimed; its error is returned as it
// is and consumes nothing. A code that was used before revokes its grant.
func (s *Service) Redeem(ctx context.Context, p Redemption, check func(context.Context, Grant) error) (Redeemed, error) {
	hash := HashOf(p.Code)
	code, err := s.store.FindCode(ctx, hash)
	if isNotFound(err) {
		return Redeemed{}, invalid("Invalid authorization code")
	}
	if err != nil {
		return Redeemed{}, err
	}
	if !code.UsedAt.IsZero() {
		return Redeemed{}, s.replayed(ctx, code.Grant)
	}
	if s.revocations.ended(code.Grant) { // its session, say: logged out before the code came back
		return Redeemed{}, invalid("Authorization code was revoked")
	}
	now := s.now()
	nonce := id.New()
	if err := p.judge(code, now); err != nil {
		return Redeemed{}, s.burn(ctx, hash, nonce, err)
	}
	if err := check(ctx, code.Grant); err != nil {
		return Redeemed{}, err
	}
	out := Redeemed{Grant: code.Grant}
	family, err := s.openFamily(p, code.Grant, &out, now)
	if err != nil {
		return Redeemed{}, err
	}
	err = s.store.RedeemCode(ctx, hash, nonce, now, family)
	if errors.Is(err, ErrConflict) {
		return Redeemed{}, s.replayed(ctx, code.Grant)
	}
	if err != nil {
		return Redeemed{}, err
	}
	return out, nil
}

func (s *Service) openFamily(p Redemption, g Grant, out *Redeemed, now time.Time) (*Family, error) {
	if p.Refresh == nil {
		return nil, nil
	}
	policy := p.Refresh(g)
	if policy == nil {
		return nil, nil
	}
	family, token, err := s.newFamily(g, *policy, now)
	if err != nil {
		return nil, err
	}
	out.RefreshToken, out.RefreshExpiresAt, out.Family = token, family.ExpiresAt, family.ID
	return family, nil
}

// judge applies what binds a code: its lifetime, issuer, client, redirect_uri and PKCE challenge.
func (p Redemption) judge(code Code, now time.Time) error {
	switch {
	case !now.Before(code.ExpiresAt):
		return invalid("Authorization code has expired")
	case code.Grant.ClientID != p.ClientID:
		return invalid("Authorization code was issued to another client")
	case code.Grant.Issuer != p.Issuer:
		return invalid("Authorization code was issued by another issuer")
	case code.RedirectURI != p.RedirectURI:
		return invalid("redirect_uri differs from the authorization request")
	case code.Challenge == "" && p.Verifier != "":
		// RFC 9700 §4.8.2: otherwise an attacker could strip the challenge from the request.
		return invalid("code_verifier without a code_challenge in the authorization request")
	case code.Challenge != "" && !verifierMatches(code.Challenge, p.Verifier):
		return invalid("code_verifier does not match the code_challenge")
	}
	return nil
}

// verifierMatches compares by RFC 7636 §4.6, method S256.
func verifierMatches(challenge, verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 { // RFC 7636 §4.1
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}

// burn uses up a code that was presented wrongly, so that nobody can try again with it.
func (s *Service) burn(ctx context.Context, hash Hash, nonce id.ID, why error) error {
	err := s.store.RedeemCode(ctx, hash, nonce, s.now(), nil)
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("burning a code: %w", err)
	}
	return why
}

func (s *Service) replayed(ctx context.Context, g Grant) error {
	if err := s.Revoke(ctx, KindGrant, g.ID.String()); err != nil {
		return fmt.Errorf("revoking the grant of a replayed code: %w", err)
	}
	return &Invalid{Description: "Authorization code was already used", Reused: true, Grant: &g}
}

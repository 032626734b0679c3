package grant

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// A refresh token is refreshPrefix and the base64url of family ‖ seq ‖ mac. The prefix lets secret
// scanners and people recognise one.
const (
	refreshPrefix = "pbr_"
	macLabel      = "pb-rt-1"
	tokenBytes    = 16 + 8 + sha256.Size
)

type refreshToken struct {
	family id.ID
	seq    int64
	mac    [sha256.Size]byte
}

func (t refreshToken) String() string {
	b := make([]byte, 0, tokenBytes)
	b = append(b, t.family[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.seq)) //nolint:gosec // a sequence starts at 1 and grows
	b = append(b, t.mac[:]...)
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// parseRefresh reads a token's parts; it proves nothing about the token.
func parseRefresh(s string) (refreshToken, bool) {
	rest, ok := strings.CutPrefix(s, refreshPrefix)
	if !ok {
		return refreshToken{}, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(b) != tokenBytes {
		return refreshToken{}, false
	}
	var t refreshToken
	copy(t.family[:], b[:16])
	t.seq = int64(binary.BigEndian.Uint64(b[16:24])) //nolint:gosec // a forged negative number fails its MAC
	copy(t.mac[:], b[24:])
	return t, true
}

// IsRefreshToken reports whether s has the form of a refresh token.
func IsRefreshToken(s string) bool {
	_, ok := parseRefresh(s)
	return ok
}

func tokenMAC(seed []byte, family id.ID, clientID string, seq int64) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, seed)
	h.Write([]byte(macLabel))
	h.Write(family[:])
	h.Write([]byte(clientID))
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(seq)) //nolint:gosec // see String
	h.Write(n[:])
	h.Sum(sum[:0])
	return sum
}

func newToken(seed []byte, f id.ID, clientID string, seq int64) string {
	return refreshToken{f, seq, tokenMAC(seed, f, clientID, seq)}.String()
}

func (s *Service) newFamily(g Grant, policy registry.Refresh, now time.Time) (*Family, string, error) {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails: crypto/rand ends the program instead
	f := &Family{
		ID: id.New(), Grant: g, Seq: 1, CreatedAt: now, RotatedAt: now,
		AbsoluteAt: now.Add(policy.Absolute),
	}
	f.ExpiresAt = earlier(now.Add(policy.Sliding), f.AbsoluteAt)
	sealed, err := s.sealer.Seal(seed, f.ID[:])
	if err != nil {
		return nil, "", fmt.Errorf("sealing a refresh seed: %w", err)
	}
	f.SealedSeed = sealed
	return f, newToken(seed, f.ID, g.ClientID, f.Seq), nil
}

// maxUnattended is how many live families of a client there may be that nobody logged in for. A
// client that asks for a new one every time would otherwise leave one behind every time.
const maxUnattended = 100

// Open begins a family for a grant that no code was redeemed for.
func (s *Service) Open(ctx context.Context, g Grant, policy registry.Refresh) (Redeemed, error) {
	family, token, err := s.newFamily(g, policy, s.now())
	if err != nil {
		return Redeemed{}, err
	}
	if err := s.store.OpenFamily(ctx, *family, maxUnattended); err != nil {
		return Redeemed{}, err
	}
	return Redeemed{Grant: g, RefreshToken: token, RefreshExpiresAt: family.ExpiresAt, Family: family.ID}, nil
}

// Presented is a refresh token as a client presents it (RFC 6749 §6).
type Presented struct {
	Token    string
	Issuer   string
	ClientID string
	Policy   registry.Refresh
}

// Rotate exchanges a refresh token for its successor by the rules in the package comment. check runs
// before the family moves; its error is returned as it is and consumes nothing.
func (s *Service) Rotate(ctx context.Context, p Presented, check func(context.Context, Grant) error) (Redeemed, error) {
	t, family, seed, err := s.recognise(ctx, p.Token, p.ClientID)
	if err != nil {
		return Redeemed{}, err
	}
	if family.Grant.Issuer != p.Issuer {
		return Redeemed{}, invalid(invalidRefresh)
	}
	now := s.now()
	// A family opened while its session was being ended elsewhere is not marked, but known of here.
	if !s.live(family, now) || s.revocations.ended(family.Grant) {
		return Redeemed{}, invalid(invalidRefresh)
	}
	if err := check(ctx, family.Grant); err != nil {
		return Redeemed{}, err
	}
	if t.seq != family.Seq {
		return s.judgeOld(ctx, t.seq, family, seed, p.Policy, now)
	}
	moved, err := s.store.RotateFamily(ctx, Rotation{
		Found: family, ClientID: p.ClientID, Seq: t.seq, Keep: !p.Policy.Rotation, Nonce: id.New(), At: now,
		ExpiresAt: earlier(now.Add(p.Policy.Sliding), family.AbsoluteAt),
	})
	if errors.Is(err, ErrConflict) {
		if !s.live(moved, now) {
			return Redeemed{}, invalid(invalidRefresh)
		}
		return s.judgeOld(ctx, t.seq, moved, seed, p.Policy, now)
	}
	if err != nil {
		return Redeemed{}, err
	}
	return successor(moved, seed), nil
}

const invalidRefresh = "Invalid refresh token"

// recognise finds a token's family and proves that we issued the token to this client.
func (s *Service) recognise(ctx context.Context, token, clientID string) (refreshToken, Family, []byte, error) {
	t, ok := parseRefresh(token)
	if !ok {
		return t, Family{}, nil, invalid(invalidRefresh)
	}
	family, err := s.store.FindFamily(ctx, t.family)
	if isNotFound(err) {
		return t, Family{}, nil, invalid(invalidRefresh)
	}
	if err != nil {
		return t, Family{}, nil, err
	}
	seed, err := s.sealer.Open(family.SealedSeed, family.ID[:])
	if err != nil {
		return t, Family{}, nil, fmt.Errorf("opening a refresh seed: %w", err)
	}
	want := tokenMAC(seed, family.ID, clientID, t.seq)
	if !hmac.Equal(want[:], t.mac[:]) || family.Grant.ClientID != clientID {
		return t, Family{}, nil, invalid(invalidRefresh)
	}
	return t, family, seed, nil
}

func (s *Service) live(f Family, now time.Time) bool {
	return f.RevokedAt.IsZero() && now.Before(f.ExpiresAt)
}

// judgeOld decides about a genuine token that is not the newest one.
func (s *Service) judgeOld(ctx context.Context, seq int64, f Family, seed []byte, policy registry.Refresh, now time.Time) (Redeemed, error) {
	inWindow := policy.Grace > 0 && now.Sub(f.RotatedAt) <= policy.Grace
	switch {
	case inWindow && seq == f.Seq-1:
		out := successor(f, seed)
		out.Replayed = true
		return out, nil
	case inWindow:
		return Redeemed{}, invalid(invalidRefresh)
	}
	if err := s.Revoke(ctx, KindGrant, f.Grant.ID.String()); err != nil {
		return Redeemed{}, fmt.Errorf("revoking the family of a reused refresh token: %w", err)
	}
	return Redeemed{}, &Invalid{Description: invalidRefresh, Reused: true, Grant: &f.Grant}
}

func successor(f Family, seed []byte) Redeemed {
	return Redeemed{
		Grant: f.Grant, RefreshToken: newToken(seed, f.ID, f.Grant.ClientID, f.Seq),
		RefreshExpiresAt: f.ExpiresAt, Family: f.ID,
	}
}

// RevokeRefresh revokes the grant behind a refresh token, with its access tokens (RFC 7009 §2.1). A
// token that is unknown, forged, or another client's is left alone without an error.
func (s *Service) RevokeRefresh(ctx context.Context, token, clientID string) (*Grant, error) {
	_, family, _, err := s.recognise(ctx, token, clientID)
	var refused *Invalid
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.Revoke(ctx, KindGrant, family.Grant.ID.String()); err != nil {
		return nil, err
	}
	return &family.Grant, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

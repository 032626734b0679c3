package token

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// ErrInvalid means that a token is not one of ours, or no longer good. The text around it is for
// logs: it says why and quotes none of the token's values.
var ErrInvalid = errors.New("token is not valid")

// VerifyAccess returns the content of an access token that is good now, as far as the token itself
// can tell: revocations, the client and the user are the caller's to judge. An error that does not
// wrap ErrInvalid means that the keys could not be read, and says nothing about the token.
func (t *Tokens) VerifyAccess(ctx context.Context, raw string) (Access, error) {
	in, head, err := t.open(ctx, raw)
	if err != nil {
		return Access{}, err
	}
	if head.typ != AccessJWT && head.typ != PlainJWT {
		return Access{}, invalid("its typ is not an access token's")
	}
	a := Access{
		Issuer: in.text("iss"), Subject: Subject(in.text("sub")), SubjectType: SubjectType(in.text("sub_type")),
		Audience: in.texts("aud"), ClientID: in.text("client_id"), Scope: strings.Fields(in.optional("scope")),
		GrantID: in.text("gid"), Tenant: registry.Account(in.text("tenant")), Login: in.login(), Actor: in.actor(), Origin: in.origin(),
		ID: in.text("jti"), KeyID: head.keyID,
		IssuedAt: in.time("iat"), NotBefore: in.time("nbf"), Expires: in.time("exp"),
	}
	if a.Claims, err = in.further(); err != nil {
		return Access{}, invalid("%w", err)
	}
	if !a.SubjectType.known() {
		return Access{}, invalid("its sub_type is neither %s nor %s", User, Client)
	}
	if err := t.CheckAccess(ctx, a); err != nil {
		return Access{}, err
	}
	return a, nil
}

// CheckAccess judges a verified access token again, at almost no cost: its times, its issuer, and
// whether its key is still published. Its errors are those of VerifyAccess.
func (t *Tokens) CheckAccess(ctx context.Context, a Access) error {
	key, err := t.key(ctx, a.KeyID)
	if err != nil {
		return err
	}
	now := t.now()
	switch {
	case !key.Published(now):
		return invalid("its key is no longer published")
	case !t.ours(a.Issuer, key):
		return invalid("its issuer is not one of ours, or its key is another issuer's")
	case !now.Before(a.Expires):
		return invalid("it expired %v ago", now.Sub(a.Expires).Truncate(time.Second))
	case a.NotBefore.After(now.Add(leeway)), a.IssuedAt.After(now.Add(leeway)):
		return invalid("it is not good yet")
	}
	return nil
}

// VerifyHint returns the content of an ID token that we issued at any time, for id_token_hint: it may
// have expired, and its key may have left the JWKS. Whether its audience is the client that shows it
// is the caller's to judge. Its errors are those of VerifyAccess.
func (t *Tokens) VerifyHint(ctx context.Context, raw string) (ID, error) {
	in, head, err := t.open(ctx, raw)
	if err != nil {
		return ID{}, err
	}
	if head.typ != PlainJWT {
		return ID{}, invalid("its typ is not an ID token's")
	}
	id := ID{
		Issuer: in.text("iss"), Subject: Subject(in.text("sub")), ClientID: in.text("aud"),
		Nonce: in.optional("nonce"), Login: in.login(),
		KeyID: head.keyID, IssuedAt: in.time("iat"), Expires: in.time("exp"),
	}
	if in.text("azp") != id.ClientID {
		return ID{}, invalid("its azp is not its aud")
	}
	_, _, _ = in.time("nbf"), in.optional("at_hash"), in.optional("c_hash") // not a hint's concern
	if id.Claims, err = in.further(); err != nil {
		return ID{}, invalid("%w", err)
	}
	key, err := t.key(ctx, head.keyID)
	switch {
	case err != nil:
		return ID{}, err
	case !t.ours(id.Issuer, key):
		return ID{}, invalid("its issuer is not one of ours, or its key is another issuer's")
	case id.IssuedAt.After(t.now().Add(leeway)):
		return ID{}, invalid("it was issued in the future")
	}
	return id, nil
}

// open verifies the signature of a token and decodes its payload, in this order.
func (t *Tokens) open(ctx context.Context, raw string) (*reader, header, error) {
	c, err := parse(raw)
	if err != nil {
		return nil, header{}, invalid("%w", err)
	}
	key, err := t.key(ctx, c.header.keyID)
	if err != nil {
		return nil, header{}, err
	}
	if c.header.algorithm != key.Algorithm {
		return nil, header{}, invalid("its alg is not its key's, %s", key.Algorithm)
	}
	if err := key.Verify([]byte(c.input), c.signature); err != nil {
		return nil, header{}, invalid("%w", err)
	}
	members, err := object(c.payload)
	if err != nil {
		return nil, header{}, invalid("payload: %w", err)
	}
	return &reader{members: members}, c.header, nil
}

// key returns the key of a kid; a kid without one is the token's fault.
func (t *Tokens) key(ctx context.Context, id keyring.KeyID) (keyring.PublicKey, error) {
	key, err := t.keys.Key(ctx, id)
	if errors.Is(err, keyring.ErrNoKey) {
		return keyring.PublicKey{}, invalid("its key is not one of ours")
	}
	return key, err
}

func (t *Tokens) ours(iss string, key keyring.PublicKey) bool {
	scope, ours := t.issuer(iss)
	return ours && scope == key.Scope
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

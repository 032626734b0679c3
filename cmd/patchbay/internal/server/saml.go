package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/federation/saml"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// connectionState keeps in the state database what a SAML connection must remember.
type connectionState struct{ *ownKeys }

// Once implements saml.Store.
func (c *connectionState) Once(ctx context.Context, message [sha256.Size]byte, until time.Time) error {
	seen := grant.HashOf("saml\x00" + string(c.of.Account) + "\x00" + c.of.ID + "\x00" + hex.EncodeToString(message[:]))
	err := c.Store.UseAssertion(ctx, seen, id.New(), until)
	if errors.Is(err, grant.ErrConflict) {
		return saml.ErrReplayed
	}
	return err
}

// Metadata implements saml.Store.
func (c *connectionState) Metadata(ctx context.Context) ([]byte, error) {
	document, err := c.Store.UpstreamMetadata(ctx, c.of)
	if errors.Is(err, broker.ErrNotFound) {
		return nil, nil
	}
	return document, err
}

// KeepMetadata implements saml.Store.
func (c *connectionState) KeepMetadata(ctx context.Context, document []byte) error {
	return c.Store.SaveUpstreamMetadata(ctx, c.of, document, c.now())
}

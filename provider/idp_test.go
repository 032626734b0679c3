package provider_test

import (
	"context"
	"errors"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// An idp is an identity provider of which tests say who its tokens are about. It verifies nothing: that
// is package federation's to test.
type idp struct {
	broker.Upstream
	identity mapping.Identity
	down     bool
	byForm   bool // logouts
	// expires is when its access tokens end.
	expires time.Time
}

func (i *idp) VerifyAccess(ctx context.Context, token string) (mapping.Identity, time.Time, error) {
	who, err := i.VerifyToken(ctx, token)
	return who, i.expires, err
}

func (i *idp) VerifyToken(context.Context, string) (mapping.Identity, error) {
	switch {
	case i.down:
		return mapping.Identity{}, federation.ErrUnreachable
	case i.identity.Subject == "":
		return mapping.Identity{}, errors.New("the token is forged")
	}
	return i.identity, nil
}

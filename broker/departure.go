package broker

import (
	"context"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// A Departure is a browser that logs out at an IdP and is expected back.
type Departure struct {
	// State is the hash of the state parameter (SAML: RelayState) that comes back with it.
	State      grant.Hash
	Account    registry.Account
	Connection string
	// Browser is the hash of the binding cookie.
	Browser grant.Hash
	// ReturnURI is where the client wanted the browser afterwards; empty for our own page.
	ReturnURI string
	UILocales []string
	// SealedMemo is federation's memo, encrypted with State as additional data; empty if there is none.
	SealedMemo []byte
	ExpiresAt  time.Time
}

// departurePatience is how long somebody who logs out waits for an IdP that does not answer.
const departurePatience = 3 * time.Second

// Depart returns where to send a browser whose session here is being ended, so that the IdP ends its own
// too: by a redirect, or with a form. The URL is empty for a session that has none, for a connection that does not want that, and when the
// IdP is in trouble: a logout here never waits for one there to be possible.
func (e *Engine) Depart(ctx context.Context, s Session, b Browser, returnURI string, locales []string) Next {
	if s.IDP == LocalIDP {
		return Next{}
	}
	next, err := e.depart(ctx, s, b, returnURI, locales)
	if err != nil {
		e.Logger.WarnContext(ctx, "the session at the identity provider was not ended",
			"account", s.Account, "connection", s.IDP, "error", err)
	}
	return next
}

func (e *Engine) depart(ctx context.Context, s Session, b Browser, returnURI string, locales []string) (Next, error) {
	r, err := e.Upstreams.route(s.Account, s.IDP)
	if err != nil || r.connection.Policy.Logout != registry.LogoutUpstream {
		return Next{}, err
	}
	var hint []byte
	if len(s.SealedHint) > 0 {
		if hint, err = e.Sealer.Open(s.SealedHint, s.ID[:]); err != nil {
			return Next{}, err
		}
	}
	state, stateHash := grant.NewSecret()
	asking, cancel := context.WithTimeout(ctx, departurePatience)
	defer cancel()
	started, err := r.upstream.Logout(asking, federation.LogoutRequest{
		Hint: hint, ReturnURI: e.connectionURL(s.Account, s.IDP) + "/logged-out", State: state, UILocales: locales,
	})
	if err != nil || started.URL == "" {
		return Next{}, err
	}
	d := Departure{
		State: stateHash, Account: s.Account, Connection: s.IDP, Browser: b.hash(), ReturnURI: returnURI,
		UILocales: locales, ExpiresAt: e.Now().Add(e.AttemptLifetime),
	}
	if len(started.Memo) > 0 {
		if d.SealedMemo, err = e.Sealer.Seal(started.Memo, stateHash[:]); err != nil {
			return Next{}, err
		}
	}
	if err := e.Origins.InsertDeparture(ctx, d); err != nil {
		return Next{}, err
	}
	return Next{Step: StepRedirect, URL: started.URL, Form: started.Form}, nil
}

// hint seals what the IdP must be shown to end the session, where the connection wants that.
func (e *Engine) hint(c *registry.Connection, session id.ID, hint []byte) ([]byte, error) {
	if c.Policy.Logout != registry.LogoutUpstream || len(hint) == 0 {
		return nil, nil
	}
	sealed, err := e.Sealer.Seal(hint, session[:])
	if err != nil {
		return nil, fmt.Errorf("sealing the logout hint of session %s: %w", session, err)
	}
	return sealed, nil
}

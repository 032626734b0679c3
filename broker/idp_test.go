package broker_test

import (
	"context"
	"errors"
	"net/url"
	"sync"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// idps are the identity providers of a kit: one object for each time a connection is opened.
type idps struct {
	mu     sync.Mutex
	opened []*idp
	// answer is who comes back from any of them, or why nobody does.
	identity mapping.Identity
	err      error
	// unreachable makes Start fail.
	unreachable error
	// during runs while a callback is being verified.
	during func()
	starts []federation.StartRequest
	// logoutForm is what the identity provider wants posted for a logout; nil is a redirect.
	logoutForm url.Values
	// noLogout is an identity provider without a place to log out.
	noLogout bool
	logouts  []federation.LogoutRequest
	notices  map[string]federation.LogoutNotice // by logout token
	// hung are connections whose identity provider takes every request, says so to asked, and answers none
	// until the channel is closed, which is when whoever asks gives up.
	hung  map[string]chan struct{}
	asked chan string
	// verified counts the callbacks whose code was looked at.
	verified int
}

func newIDPs() *idps { return &idps{identity: ana()} }

// ana is who the identity provider says ana is.
func ana() mapping.Identity { return somebody("idp|ana") }

// somebody is a person at the identity provider who has ana's address.
func somebody(sub string) mapping.Identity {
	return mapping.Identity{
		Issuer: "https://idp.example", Subject: sub, ExternalID: sub,
		Email: "ana@acme.example", EmailVerified: true, AMR: []string{"mfa"}, SessionID: "upstream-1",
		Claims: map[string]any{"sub": sub, "email": "ana@acme.example", "email_verified": true},
	}
}

func (i *idps) open(c *registry.Connection) (broker.Upstream, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	opened := &idp{idps: i, connection: c.ID}
	i.opened = append(i.opened, opened)
	return opened, nil
}

type idp struct {
	*idps
	connection string
}

// hang waits for as long as a hung identity provider does, or the caller allows.
func (i *idp) hang(ctx context.Context, what string) error {
	i.mu.Lock()
	hung, asked := i.hung[i.connection], i.asked
	i.mu.Unlock()
	if hung == nil {
		return nil
	}
	asked <- what
	select {
	case <-hung:
	case <-ctx.Done():
	}
	return errors.Join(federation.ErrUnreachable, ctx.Err())
}

func (i *idp) Start(ctx context.Context, r federation.StartRequest) (federation.Started, error) {
	if err := i.hang(ctx, "start"); err != nil {
		return federation.Started{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.starts = append(i.starts, r)
	if i.unreachable != nil {
		return federation.Started{}, i.unreachable
	}
	return federation.Started{
		URL:  "https://idp.example/authorize?" + url.Values{"state": {r.State}}.Encode(),
		Memo: []byte("memo of " + r.State),
	}, nil
}

func (i *idp) Logout(ctx context.Context, r federation.LogoutRequest) (federation.Started, error) {
	if err := i.hang(ctx, "logout"); err != nil {
		return federation.Started{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.logouts = append(i.logouts, r)
	if i.unreachable != nil || i.noLogout {
		return federation.Started{}, i.unreachable
	}
	return federation.Started{
		URL:  "https://idp.example/logout?" + url.Values{"state": {r.State}}.Encode(),
		Form: i.logoutForm,
		Memo: []byte("memo of " + r.State),
	}, nil
}

// VerifyLogout takes the tokens that a test has made.
func (i *idp) VerifyLogout(ctx context.Context, token string) (federation.LogoutNotice, error) {
	if err := i.hang(ctx, "notice"); err != nil {
		return federation.LogoutNotice{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	notice, ok := i.notices[token]
	switch {
	case i.unreachable != nil:
		return federation.LogoutNotice{}, i.unreachable
	case !ok:
		return federation.LogoutNotice{}, errors.New("the token is forged")
	}
	return notice, nil
}

func (i *idp) FrontLogout(issuer, session string) (federation.LogoutNotice, error) {
	if issuer != "https://idp.example" {
		return federation.LogoutNotice{}, errors.New("iss is " + issuer)
	}
	return federation.LogoutNotice{Sessions: []string{session}}, nil
}

func (i *idp) Finish(ctx context.Context, r federation.Response) (mapping.Identity, error) {
	if err := i.hang(ctx, "finish"); err != nil {
		return mapping.Identity{}, err
	}
	i.mu.Lock()
	identity, err, during := i.identity, i.err, i.during
	i.verified++
	i.mu.Unlock()
	if during != nil {
		during()
	}
	switch {
	case string(r.Memo) != "memo of "+r.Params.Get("state"):
		return mapping.Identity{}, errors.New("memo is not the one that was started with")
	case r.RedirectURI != "https://sso.example/login/acme/"+i.connection+"/callback":
		return mapping.Identity{}, errors.New("redirect_uri is " + r.RedirectURI)
	case ctx.Err() != nil:
		return mapping.Identity{}, errors.Join(federation.ErrUnreachable, ctx.Err())
	}
	identity.Connection = i.connection
	return identity, err
}

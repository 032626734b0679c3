package demo

import (
	"context"
	"fmt"
)

// ssoLogout logs out here, which leads to the identity provider and back.
func (t *tourist) ssoLogout(ctx context.Context) (string, error) {
	if sessions := t.idp.Sessions(); len(sessions) != 1 {
		return "", fmt.Errorf("%d sessions at the identity provider, want one", len(sessions))
	}
	if err := t.leave(ctx); err != nil {
		return "", err
	}
	if sessions := t.idp.Sessions(); len(sessions) > 0 {
		return "", fmt.Errorf("%d sessions are left at the identity provider", len(sessions))
	}
	if err := t.over(ctx); err != nil {
		return "", err
	}
	return "ended here and at the identity provider, and back at the application", nil
}

// ssoEnds is the other way: the identity provider posts here that a session has ended, and no browser does
// anything.
func (t *tourist) ssoEnds(ctx context.Context) (string, error) {
	if _, err := t.ssoLogin(ctx); err != nil {
		return "", err
	}
	sessions := t.idp.Sessions()
	if len(sessions) != 1 {
		return "", fmt.Errorf("%d sessions at the identity provider, want one", len(sessions))
	}
	if err := t.idp.EndSession(ctx, sessions[0]); err != nil {
		return "", err
	}
	if err := t.over(ctx); err != nil {
		return "", err
	}
	return "a logout token ends the session, the refresh token, and the token at the switch", nil
}

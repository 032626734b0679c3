package idptest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	// sessionLifetime is how long a session can be ended, here or by its relying party.
	sessionLifetime = 8 * time.Hour
	// logoutTokenLifetime follows the advice of OpenID Connect Back-Channel Logout 1.0 §4.
	logoutTokenLifetime = 2 * time.Minute

	loggedOutPath = "/logged-out"
)

// A Session is a login that a relying party was told of. It answers no further login: all it is good for is
// to be ended.
type Session struct {
	Client  string
	Subject string
	// ID is the sid claim of the ID token.
	ID string

	began time.Time
}

// Sessions returns the sessions that nobody has ended yet, the latest last.
func (i *IdP) Sessions() []Session {
	i.store.mu.Lock()
	defer i.store.mu.Unlock()
	return slices.Clone(i.store.sessions)
}

// EndSession ends a session here and posts a logout token to its relying party (OpenID Connect Back-Channel
// Logout 1.0 §2.5). Its error says that the relying party did not take the token.
func (i *IdP) EndSession(ctx context.Context, session Session) error {
	i.store.end(session.ID)
	client, err := i.store.client(session.Client)
	if err != nil {
		return err
	}
	token, err := i.logoutToken(session)
	if err != nil {
		return err
	}
	form := url.Values{"logout_token": {token}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, client.BackchannelLogoutURI, strings.NewReader(form))
	if err != nil {
		return fmt.Errorf("client %q: back-channel logout: %w", client.ID, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("client %q: back-channel logout: %w", client.ID, err)
	}
	// §2.8: 200, and some frameworks turn that into 204.
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNoContent {
		return errors.Join(err, fmt.Errorf("client %q: back-channel logout: %s", client.ID, answer.Status))
	}
	return nil
}

// logoutToken makes the token of §2.4.
func (i *IdP) logoutToken(session Session) (string, error) {
	key := i.store.signingKey()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: key.SignatureAlgorithm(), Key: jose.JSONWebKey{Key: key.private, KeyID: key.id}},
		new(jose.SignerOptions).WithType("logout+jwt"))
	if err != nil {
		return "", fmt.Errorf("logout token: %w", err)
	}
	now := time.Now()
	return jwt.Signed(signer).Claims(map[string]any{
		"iss": i.issuer, "aud": session.Client, "sub": session.Subject, "sid": session.ID, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(logoutTokenLifetime).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": struct{}{}},
	}).Serialize()
}

func showLoggedOut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("You have signed out.\n")) // a browser that went away is nobody's error
}

var (
	_ op.CanSetUserinfoFromRequest      = (*store)(nil)
	_ op.CanTerminateSessionFromRequest = (*store)(nil)
)

// SetUserinfoFromRequest names the session in an ID token, which is how the relying party learns of it.
func (s *store) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	login, ok := r.(*request)
	if !ok {
		return fmt.Errorf("an ID token for a %T", r)
	}
	info.AppendClaims("sid", login.session)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.sessions = slices.DeleteFunc(s.sessions, func(known Session) bool { return now.Sub(known.began) > sessionLifetime })
	s.sessions = append(s.sessions, Session{Client: login.ClientID, Subject: login.subject, ID: login.session, began: now})
	return nil
}

// TerminateSessionFromRequest ends the session of the ID token that a relying party has sent along (OpenID
// Connect RP-Initiated Logout 1.0 §2) and returns where the browser goes next. Nothing else says which
// session it is: without such a token none is ended.
func (s *store) TerminateSessionFromRequest(_ context.Context, r *op.EndSessionRequest) (string, error) {
	if r.IDTokenHintClaims == nil {
		return "", oidc.ErrInvalidRequest().WithDescription("id_token_hint is missing")
	}
	s.end(r.IDTokenHintClaims.SessionID)
	return r.RedirectURI, nil
}

func (s *store) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = slices.DeleteFunc(s.sessions, func(known Session) bool { return known.ID == id })
}

package idptest

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// requestLifetime bounds a login from authorize to the token endpoint.
const requestLifetime = 10 * time.Minute

var errNoRequest = errors.New("no such login")

// A store is everything the provider knows. It implements op.Storage; unsupported.go has the
// methods of what it does not offer.
type store struct {
	users map[string]User // by subject

	mu       sync.Mutex
	clients  map[string]Client
	key      signingKey
	requests map[string]*request
	codes    map[string]string // code to request id
	tokens   map[string]token
	sessions []Session
}

// A token is an access token that was issued.
type token struct {
	subject string
	scopes  []string
	expires time.Time
}

var _ op.Storage = (*store)(nil)

func newStore(clients []Client, users []User) (*store, error) {
	s := &store{
		users: map[string]User{}, clients: map[string]Client{},
		requests: map[string]*request{}, codes: map[string]string{}, tokens: map[string]token{},
	}
	for _, u := range users {
		if _, taken := s.users[u.Subject]; taken || u.Subject == "" {
			return nil, fmt.Errorf("user %q: subject %q is empty or taken", u.Login, u.Subject)
		}
		s.users[u.Subject] = u
	}
	for _, c := range clients {
		s.clients[c.ID] = c
	}
	return s, s.rotateKeys()
}

func (s *store) claimNames() []string {
	names := map[string]bool{"iss": true, "sub": true, "aud": true, "exp": true, "iat": true, "auth_time": true, "amr": true, "sid": true}
	for _, u := range s.users {
		for name := range u.Claims {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// authenticate returns the user with that login and password.
func (s *store) authenticate(login, password string) (User, bool) {
	for _, u := range s.users {
		if u.Login == login {
			return u, subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1
		}
	}
	return User{}, false
}

// complete records that a user has logged in to a request.
func (s *store) complete(id, subject string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return errNoRequest
	}
	done := *r
	done.subject, done.authTime, done.session = subject, time.Now(), rand.Text()
	s.requests[id] = &done
	return nil
}

func (s *store) request(id string) (*request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return nil, errNoRequest
	}
	return r, nil
}

func (s *store) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(s.requests, func(_ string, r *request) bool { return now.Sub(r.created) > requestLifetime })
	maps.DeleteFunc(s.codes, func(_, id string) bool { return s.requests[id] == nil })
	maps.DeleteFunc(s.tokens, func(_ string, t token) bool { return now.After(t.expires) })
	created := &request{AuthRequest: *r, id: rand.Text(), created: now}
	s.requests[created.id] = created
	return created, nil
}

func (s *store) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return s.request(id)
}

// AuthRequestByCode consumes the code: the library asks before it verifies anything, so a code
// that met a wrong client or verifier is spent.
func (s *store) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id, ok := s.codes[code]
	delete(s.codes, code)
	s.mu.Unlock()
	if !ok {
		return nil, errNoRequest
	}
	return s.request(id)
}

func (s *store) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

func (s *store) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

func (s *store) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, expires := rand.Text(), time.Now().Add(tokenLifetime)
	s.tokens[id] = token{subject: r.GetSubject(), scopes: r.GetScopes(), expires: expires}
	return id, expires, nil
}

func (s *store) RevokeToken(_ context.Context, id, _, _ string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, id)
	return nil
}

func (s *store) addClient(c Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[c.ID] = c
}

func (s *store) client(id string) (Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	if !ok {
		return Client{}, fmt.Errorf("no client %q", id)
	}
	return c, nil
}

func (s *store) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, err := s.client(id)
	if err != nil {
		return nil, err
	}
	return relyingParty{c}, nil
}

func (s *store) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	if !ok || c.Secret == "" || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return oidc.ErrInvalidClient().WithDescription("unknown client or wrong secret")
	}
	return nil
}

// SetUserinfoFromScopes fills in an ID token.
func (s *store) SetUserinfoFromScopes(_ context.Context, info *oidc.UserInfo, subject, _ string, scopes []string) error {
	u, ok := s.users[subject]
	if !ok {
		return fmt.Errorf("no user with subject %q", subject)
	}
	info.Subject = u.Subject
	for name, value := range u.Claims {
		scope := oidc.ScopeProfile
		if name == "email" || name == "email_verified" {
			scope = oidc.ScopeEmail
		}
		if slices.Contains(scopes, scope) {
			info.AppendClaims(name, value)
		}
	}
	return nil
}

// SetUserinfoFromToken answers the userinfo endpoint.
func (s *store) SetUserinfoFromToken(ctx context.Context, info *oidc.UserInfo, id, _, _ string) error {
	s.mu.Lock()
	t, ok := s.tokens[id]
	s.mu.Unlock()
	if !ok || time.Now().After(t.expires) {
		return errors.New("access token is unknown or expired")
	}
	return s.SetUserinfoFromScopes(ctx, info, t.subject, "", t.scopes)
}

func (s *store) Health(context.Context) error { return nil }

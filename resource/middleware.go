package resource

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Need is what a request must show beyond a good token. The zero value needs no more.
type Need struct {
	// Scopes must all be granted.
	Scopes []string
	// Permissions must all be the user's.
	Permissions []string
}

// Require returns middleware that hands on requests with a good token that has what is needed, and
// refuses all others. The token is then in the request's context.
func (v *Verifier) Require(need Need) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, refusal := v.Authorize(r, need)
			if refusal != nil {
				refusal.Write(w)
				return
			}
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), token)))
		})
	}
}

// Authorize judges one request. Exactly one of the results is not nil.
func (v *Verifier) Authorize(r *http.Request, need Need) (*Token, *Refusal) {
	raw, refusal := bearer(r.Header)
	if refusal == nil {
		var token *Token
		if token, refusal = v.judged(r.Context(), raw, need); refusal == nil {
			return token, nil
		}
	}
	refusal.realm = v.config.Realm
	return nil, refusal
}

func (v *Verifier) judged(ctx context.Context, raw string, need Need) (*Token, *Refusal) {
	token, err := v.Verify(ctx, raw)
	switch {
	case errors.Is(err, ErrInvalid):
		return nil, &Refusal{Status: http.StatusUnauthorized, Code: "invalid_token", Description: "The access token is not valid", Err: err}
	case err != nil:
		return nil, &Refusal{Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Description: "The access token cannot be judged now", Err: err}
	case !token.HasScope(need.Scopes...):
		return nil, &Refusal{Status: http.StatusForbidden, Code: "insufficient_scope", Description: "The access token lacks a scope", scope: strings.Join(need.Scopes, " ")}
	case !token.HasPermission(need.Permissions...):
		return nil, &Refusal{Status: http.StatusForbidden, Code: "insufficient_scope", Description: "The user lacks a permission", scope: strings.Join(need.Scopes, " ")}
	}
	return token, nil
}

// bearer finds the token in the one place where it may be: the query and the body end up in logs.
func bearer(h http.Header) (string, *Refusal) {
	values := h.Values("Authorization")
	if len(values) > 1 {
		return "", &Refusal{Status: http.StatusBadRequest, Code: "invalid_request", Description: "More than one Authorization header"}
	}
	if len(values) == 1 {
		scheme, token, _ := strings.Cut(values[0], " ")
		if token = strings.TrimSpace(token); strings.EqualFold(scheme, "Bearer") && token != "" {
			return token, nil
		}
	}
	return "", &Refusal{Status: http.StatusUnauthorized, Description: "An access token is required"}
}

type contextKey struct{}

// NewContext returns a context that carries a token. Tests of handlers use it too.
func NewContext(ctx context.Context, t *Token) context.Context {
	return context.WithValue(ctx, contextKey{}, t)
}

// FromContext returns the token of a request that Require let through.
func FromContext(ctx context.Context) (*Token, bool) {
	t, ok := ctx.Value(contextKey{}).(*Token)
	return t, ok
}

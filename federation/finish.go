package federation

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"golang.org/x/oauth2"

	"github.com/patchbay-auth/patchbay/mapping"
)

const (
	maxCode  = 8 << 10
	maxToken = 64 << 10
	// maxErrorText is how much of an IdP's error reaches the log, in bytes.
	maxErrorText = 200
)

// Finish verifies a callback and returns who the IdP says has logged in. A *ResponseError is the
// IdP's own refusal; an error that wraps ErrUnreachable says nothing about the person; any other
// error means that the response is not to be believed.
//
// That the state is this browser's, and used once, is the caller's to verify before.
func (o *OIDC) Finish(ctx context.Context, r Response) (mapping.Identity, error) {
	identity, err := o.finish(ctx, r)
	if err != nil {
		return mapping.Identity{}, fmt.Errorf("connection %q: %w", o.cfg.Connection, err)
	}
	return identity, nil
}

func (o *OIDC) finish(ctx context.Context, r Response) (mapping.Identity, error) {
	m, err := o.readMemo(r.Memo)
	if err != nil {
		return mapping.Identity{}, err
	}
	md, err := o.metadata.get(ctx)
	if err != nil {
		return mapping.Identity{}, err
	}
	code, err := o.readCallback(r.Params, md.value)
	if err != nil {
		return mapping.Identity{}, err
	}
	tokens, err := o.exchange(ctx, md.value, r.RedirectURI, code, m.Verifier)
	if err != nil {
		return mapping.Identity{}, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	claims, err := o.verify(ctx, md.value, m, raw, tokens.AccessToken)
	if err != nil {
		return mapping.Identity{}, fmt.Errorf("id token: %w", err)
	}
	if err := o.addUserinfo(ctx, md.value, claims, tokens); err != nil {
		return mapping.Identity{}, err
	}
	identity, err := o.identity(claims)
	if err != nil {
		return mapping.Identity{}, err
	}
	identity.LogoutHint = []byte(raw)
	return identity, nil
}

// readCallback returns the code of a callback. The issuer is judged first: an answer that another
// IdP sent here (a mix-up, RFC 9207) is not even believed to be an error.
func (o *OIDC) readCallback(params url.Values, md metadata) (string, error) {
	for _, name := range []string{"iss", "code", "error", "error_description"} {
		if len(params[name]) > 1 {
			return "", fmt.Errorf("callback: %d values of %s", len(params[name]), name)
		}
	}
	switch {
	case params.Has("iss") && !slices.Contains(o.cfg.issuers(), params.Get("iss")):
		return "", fmt.Errorf("callback: iss %q is not %q", params.Get("iss"), o.cfg.Issuer)
	case md.sendsIssuer && !params.Has("iss"):
		return "", errors.New("callback: iss is missing, and this identity provider always sends it")
	case params.Has("error"):
		return "", &ResponseError{
			Code:        cut(params.Get("error")),
			Description: cut(params.Get("error_description")),
		}
	case params.Get("code") == "":
		return "", errors.New("callback: neither code nor error")
	case len(params.Get("code")) > maxCode:
		return "", fmt.Errorf("callback: code of %d bytes", len(params.Get("code")))
	}
	return params.Get("code"), nil
}

func cut(s string) string { return s[:min(len(s), maxErrorText)] }

// A tokenError is the token endpoint's refusal (RFC 6749 §5.2).
type tokenError struct {
	status statusError
	code   string
}

func (e *tokenError) Error() string {
	return fmt.Sprintf("token endpoint: %v, error %q", e.status, e.code)
}
func (e *tokenError) Unwrap() error { return e.status }

// exchange redeems the code (RFC 6749 §4.1.3). Its errors leave out what x/oauth2 would quote of
// the answer: it may hold the code, or more.
func (o *OIDC) exchange(ctx context.Context, md metadata, redirectURI, code, verifier string) (*oauth2.Token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, o.client)
	options, err := o.assertion(ctx, md)
	if err != nil {
		return nil, err
	}
	tokens, err := o.oauth(md, redirectURI).Exchange(ctx, code, append(options, oauth2.VerifierOption(verifier))...)
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		status := statusError(refused.Response.StatusCode)
		if status.temporary() {
			return nil, fmt.Errorf("%w: token endpoint: %w", ErrUnreachable, status)
		}
		return nil, &tokenError{status, cut(refused.ErrorCode)}
	case err != nil: // no answer, or not one that can be read
		return nil, fmt.Errorf("%w: token endpoint: %w", ErrUnreachable, err)
	case tokens.Type() != "Bearer":
		return nil, fmt.Errorf("token endpoint: token_type is %q, not Bearer", cut(tokens.TokenType))
	}
	return tokens, nil
}

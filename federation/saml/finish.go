package saml

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Finish verifies what came to saml/acs in answer to Start, and returns who the IdP says has logged in.
// A *federation.ResponseError is the IdP's own refusal; an error that wraps federation.ErrUnreachable or
// federation.ErrOurs says nothing about the person; any other error means that the response is not to be
// believed.
//
// That the relay state is this browser's, and used once, is the caller's to verify before.
func (s *SAML) Finish(ctx context.Context, r federation.Response) (mapping.Identity, error) {
	identity, err := s.judge(ctx, func(idp *idp) (expectation, error) {
		m, err := s.readMemo(r.Memo, idp)
		return s.expect(idp, m, s.consumer()), err
	}, r.Params)
	if err != nil {
		return mapping.Identity{}, fmt.Errorf("connection %q: %w", s.cfg.Connection, err)
	}
	return identity, nil
}

// Unasked verifies a response that answers no request of ours, at saml/acs/idp (SAML Profiles §4.1.5).
// Nothing ties it to the browser that brings it, so that a connection has to allow it. The errors are
// Finish's.
func (s *SAML) Unasked(ctx context.Context, params url.Values) (mapping.Identity, error) {
	identity, err := s.judge(ctx, func(idp *idp) (expectation, error) {
		now := s.cfg.Now()
		m := memo{MaxAge: anyAge, Started: now.Add(-maxTransit).Unix(), Contexts: s.cfg.AuthnContexts}
		if s.cfg.MaxAge > 0 {
			m.MaxAge = int64(s.cfg.MaxAge / time.Second)
		}
		return s.expect(idp, m, s.unasked()), nil
	}, params)
	if err != nil {
		return mapping.Identity{}, fmt.Errorf("connection %q: %w", s.cfg.Connection, err)
	}
	return identity, nil
}

// maxTransit bounds how old a response may be that nobody asked for.
const maxTransit = 5 * time.Minute

// judge verifies a response, and once more where the IdP's certificates were not the ones that we knew:
// an IdP that has changed them is asked for the new ones rather than refused until the next refresh.
func (s *SAML) judge(ctx context.Context, expect func(*idp) (expectation, error), params url.Values) (mapping.Identity, error) {
	known, err := s.source.get(ctx)
	if err != nil {
		return mapping.Identity{}, err
	}
	var identity mapping.Identity
	err = s.withNewer(ctx, known, func(d *idp) (err error) {
		identity, err = s.judgeBy(ctx, d, expect, params)
		return err
	})
	return identity, err
}

// withNewer calls verify with what is known of the IdP and, after a signature by a key that is not among
// that, once more with what can be fetched.
func (s *SAML) withNewer(ctx context.Context, known *idp, verify func(*idp) error) error {
	err := verify(known)
	if !errors.Is(err, errSigner) {
		return err
	}
	newer, fetching := s.source.newer(ctx, known)
	switch {
	case fetching != nil: // which says nothing against the IdP: anybody can send a bad signature
		return fmt.Errorf("%w (asked for new ones: %s)", err, fetching.Error())
	case newer == known:
		return err
	}
	return verify(newer)
}

// survive makes a panic an error. What is read here was written by anybody, and XML takes much code to read: a
// fault in that is a refused message, not a stopped server.
func survive(what string, err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("%s could not be read: %v", what, fault)
	}
}

func (s *SAML) judgeBy(ctx context.Context, idp *idp, expect func(*idp) (expectation, error), params url.Values) (_ mapping.Identity, err error) {
	defer survive("response", &err)
	e, err := expect(idp)
	if err != nil {
		return mapping.Identity{}, err
	}
	root, err := s.receive(ctx, idp, params)
	if err != nil {
		return mapping.Identity{}, err
	}
	keys, err := s.cfg.Store.Keys(ctx)
	if err != nil {
		return mapping.Identity{}, err
	}
	e.keys = opening(keys)
	found, err := e.response(root)
	if err != nil {
		return mapping.Identity{}, err
	}
	identity, err := s.identity(idp, found)
	if err != nil {
		return mapping.Identity{}, err
	}
	// Last, so that nothing but a response that would have been believed is remembered.
	seen := sha256.Sum256([]byte(idp.entityID + "\n" + found.id))
	if err := s.cfg.Store.Once(ctx, seen, found.expires.Add(s.cfg.ClockSkew)); err != nil {
		return mapping.Identity{}, fmt.Errorf("assertion %q: %w", found.id, err)
	}
	return identity, nil
}

// receive returns the response that the browser brought, or the one that what it brought stands for.
func (s *SAML) receive(ctx context.Context, idp *idp, params url.Values) (*etree.Element, error) {
	for _, name := range []string{"SAMLResponse", "SAMLart", "state"} { // which is RelayState
		if len(params[name]) > 1 {
			return nil, fmt.Errorf("%d values of %s", len(params[name]), name)
		}
	}
	if params.Has("SAMLart") {
		if params.Has("SAMLResponse") {
			return nil, errors.New("both SAMLart and SAMLResponse")
		}
		return s.resolve(ctx, idp, params.Get("SAMLart"))
	}
	encoded := params.Get("SAMLResponse")
	switch {
	case encoded == "":
		return nil, errors.New("SAMLResponse is missing")
	case len(encoded) > 2*messageLimits.bytes: // base64 with its line breaks
		return nil, fmt.Errorf("SAMLResponse has %d bytes", len(encoded))
	}
	data, err := decodeBase64("SAMLResponse", encoded)
	if err != nil {
		return nil, err
	}
	return messageLimits.parse(data)
}

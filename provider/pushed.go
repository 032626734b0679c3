package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/provider/login"
)

// pushedAnswer names a pushed authorization request (RFC 9126 §2.2).
type pushedAnswer struct {
	RequestURI string `json:"request_uri"`
	// ExpiresIn is in seconds.
	ExpiresIn int64 `json:"expires_in"`
}

// push takes an authorization request straight from its client (RFC 9126 §2.1). It is judged here, by
// the rules of the authorization endpoint, and once more when a browser brings it: a client's rights
// may have changed by then.
func (p *provider) push(ctx context.Context, x *exchange, form url.Values) (any, error) {
	if form.Get("request_uri") != "" {
		return nil, invalidRequest("request_uri cannot be pushed")
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(name)
	}
	if form.Get("client_id") == "" { // else its spelling is kept, which becomes the audience
		form.Set("client_id", x.clientID)
	}
	if !x.client.RedirectURI(form.Get("redirect_uri")) {
		return nil, invalidRequest("redirect_uri is not registered")
	}
	if _, fault := authRequest(x.issuer, x.client, form); fault != nil {
		fault.Status = http.StatusBadRequest
		return nil, fault
	}
	uri, lifetime, err := p.grants.Push(ctx, x.issuer.url, x.client.ID, form.Encode())
	if err != nil {
		return nil, unavailable(err)
	}
	return created{pushedAnswer{RequestURI: uri, ExpiresIn: int64(lifetime.Seconds())}}, nil
}

// pushed returns the authorization request that a request_uri of ours stands for, and nothing of what
// came beside it (RFC 9126 §4); a request that was not pushed is returned as it is. There is no address
// to answer errors at: they are the person's.
func (p *provider) pushed(r *http.Request, is issuer, q url.Values) (asked url.Values, pushed bool, err error) {
	if !grant.IsPushed(q.Get("request_uri")) {
		return q, false, nil
	}
	for _, name := range []string{"client_id", "request_uri"} {
		if len(q[name]) != 1 {
			return nil, false, problem(login.InvalidRequest, name+" must occur once beside a pushed request")
		}
	}
	client, known := p.registry.Snapshot().Client(q.Get("client_id"))
	if !known {
		return nil, false, problem(login.UnknownClient, "client_id is unknown")
	}
	text, err := p.grants.TakePushed(r.Context(), is.url, client.ID, q.Get("request_uri"))
	var invalid *grant.Invalid
	if errors.As(err, &invalid) {
		return nil, false, problem(login.InvalidRequest, invalid.Description)
	}
	if err != nil {
		return nil, false, err
	}
	asked, err = url.ParseQuery(text)
	return asked, true, err
}

package provider

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
)

// introspectionBudget is how long a switch waits for an answer, 503 included. It gives up after
// five seconds, and its caller sooner.
const introspectionBudget = 1800 * time.Millisecond

// tokenBudget bounds the other endpoints. A transaction is cut at five seconds.
const tokenBudget = 10 * time.Second

// protocol serves an endpoint for clients. It stands in front of the library's router and judges what
// the router would judge otherwise, or not at all. Introspection does without the router, whose
// reflection over the form costs more than the whole answer:
//
//	method -> form -> client -> grant type --> budget --> router --> our method
//	   |       |        |          |             |           |           |
//	   +-------+--------+----------+-- *Fault ---+-----------+-----------+---> answer, in the issuer's dialect
func (p *provider) protocol(w http.ResponseWriter, r *http.Request, is issuer, e endpoint) {
	if p.preflight(w, r, is, e) {
		return
	}
	x := p.newExchange(r, is, e)
	result, err := p.exchange(r, x)
	p.share(w.Header(), r, x)
	p.answer(w, r, x, result, err)
}

func (p *provider) newExchange(r *http.Request, is issuer, e endpoint) *exchange {
	from := p.site.Address(r)
	return &exchange{issuer: is, endpoint: e, address: from.String(), network: ratelimit.NetworkOf(from)}
}

func (p *provider) exchange(r *http.Request, x *exchange) (any, error) {
	form, err := p.admit(r, x)
	if fault := p.limits.spend(x); fault != nil {
		return nil, fault // whatever else is wrong with it
	}
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodOptions {
		return p.keepAlive(r)
	}
	if x.endpoint == introspection {
		ctx := withDeadline(r.Context(), introspectionBudget)
		defer ctx.end()
		answer, err := p.introspect(ctx, x, form.Get("token"))
		if err != nil || !wantsSigned(r.Header) {
			return answer, err
		}
		return p.sign(ctx, x, answer)
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), exchangeKey{}, x), tokenBudget)
	defer cancel()
	if grant := p.direct(x, form); grant != nil {
		return grant(ctx, x, form)
	}
	c := newCaptured()
	p.routers[x.issuer.layout.realm].ServeHTTP(c, libraryRequest(op.ContextWithIssuer(ctx, x.issuer.url), r.Method, x, form))
	switch {
	case x.err != nil:
		return nil, x.err
	case c.status >= http.StatusBadRequest:
		return nil, fromLibrary(c)
	}
	return x.result, nil
}

func judgeMethod(r *http.Request, e endpoint) *Fault {
	if slices.Contains(e.methods(), r.Method) {
		return nil
	}
	return &Fault{Status: http.StatusMethodNotAllowed, Code: "invalid_request", Description: "The method is not allowed"}
}

// admit judges a request and returns its form.
func (p *provider) admit(r *http.Request, x *exchange) (url.Values, error) {
	form := url.Values{}
	if fault := judgeMethod(r, x.endpoint); fault != nil {
		return nil, fault
	}
	if r.Method == http.MethodOptions {
		return form, nil // asks whether we are there, and presents nothing
	}
	if r.Method == http.MethodPost && !(x.endpoint == userinfo && bodyless(r)) {
		var err error
		if form, err = readForm(r); err != nil {
			return nil, err
		}
	}
	if !x.endpoint.authenticates() {
		token, err := bearer(r, form)
		return url.Values{"access_token": {token}}, err
	}
	if err := p.authenticate(r.Context(), x, r.Header, form); err != nil {
		return nil, err
	}
	if err := p.mayAsk(x, form); err != nil {
		return nil, err
	}
	return form, nil
}

// bodyless reports a POST without a body: userinfo takes the token from the header then.
func bodyless(r *http.Request) bool {
	return r.ContentLength == 0 && r.Header.Get("Content-Type") == "" && r.URL.RawQuery == ""
}

// mayAsk judges what an authenticated client asks for, as far as every grant has it in common.
func (p *provider) mayAsk(x *exchange, form url.Values) error {
	switch x.endpoint {
	case tokens:
		return mayExchange(x.client, form)
	case deviceAuthorization:
		return mayUse(x.client, registry.GrantDeviceCode)
	case pushedAuthorization:
		return nil // judged by the rules of the authorization endpoint
	case introspection:
		if err := permitted(x.client); err != nil {
			return err
		}
	default:
	}
	if form.Get("token") == "" {
		return invalidRequest("token is missing")
	}
	form.Del("grant_type") // the library would judge one wherever it meets it
	return nil
}

// mayExchange judges a request to the token endpoint.
func mayExchange(c *registry.Client, form url.Values) error {
	grantType := form.Get("grant_type")
	switch {
	case grantType == "":
		return invalidRequest("grant_type is missing")
	case !slices.Contains(grantTypes(), grantType):
		return &Fault{Status: http.StatusBadRequest, Code: "unsupported_grant_type", Description: "The grant type is not supported"}
	}
	if err := mayUse(c, grantType); err != nil {
		return err
	}
	for _, name := range requiredBy(grantType) {
		if form.Get(name) == "" {
			return invalidRequest(name + " is missing")
		}
	}
	return nil
}

func mayUse(c *registry.Client, grantType string) error {
	if c.MayUse(grantType) {
		return nil
	}
	return &Fault{Status: http.StatusBadRequest, Code: "unauthorized_client", Description: "The client may not use this grant type"}
}

func requiredBy(grantType string) []string {
	switch grantType {
	case registry.GrantAuthorizationCode:
		return []string{"code", "redirect_uri"}
	case registry.GrantRefreshToken:
		return []string{"refresh_token"}
	case registry.GrantDeviceCode:
		return []string{"device_code"}
	case registry.GrantPassword:
		return []string{"username", "password"}
	case registry.GrantTokenExchange:
		return []string{"subject_token", "subject_token_type"}
	case registry.GrantJWTBearer:
		return []string{"assertion"}
	}
	return nil
}

// libraryRequest is a request as the library's router shall see it: its path below the issuer, a form
// that is parsed, and no headers, among which credentials would be.
func libraryRequest(ctx context.Context, method string, x *exchange, form url.Values) *http.Request {
	if x.client != nil { // whoever the client is, the library learns a name and no secret
		form.Set("client_id", x.client.ID)
		form.Set("client_secret", "authenticated")
		form.Del("client_assertion")
		form.Del("client_assertion_type")
	}
	r := &http.Request{
		Method: method, URL: &url.URL{Path: x.issuer.layout.paths[x.endpoint]}, Header: http.Header{},
		Form: form, PostForm: form, Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	return r.WithContext(ctx)
}

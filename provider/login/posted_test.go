package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

func (e *fakeEngine) Keep(_ context.Context, account registry.Account, connection string, params url.Values, address string) (string, error) {
	e.calls++
	e.account, e.connection, e.kept, e.address = account, connection, params, address
	return "h&1", e.err
}

func (e *fakeEngine) Kept(_ context.Context, account registry.Account, connection, handle string) (url.Values, error) {
	if e.err == nil && (handle != "h&1" || account != e.account || connection != e.connection) {
		return nil, &broker.Refusal{Reason: broker.ReasonUsed}
	}
	return e.kept, e.err
}

func (e *fakeEngine) SingleLogout(_ context.Context, r broker.LogoutRequest) (int, broker.Next, error) {
	e.calls++
	e.logoutRequest = r
	return 1, e.next, e.err
}

func (e *fakeEngine) SealAnswer(_ context.Context, account registry.Account, connection, state string, form url.Values) (string, error) {
	e.kept = form
	return "sealed for " + string(account) + " " + connection + " " + state, e.err
}

func (e *fakeEngine) KeepUnasked(ctx context.Context, account registry.Account, connection string, params url.Values, address string) (string, error) {
	return e.Keep(ctx, account, connection, params, address)
}

func (e *fakeEngine) Unasked(_ context.Context, account registry.Account, connection, handle, issuer string, b broker.Browser) (broker.Next, error) {
	e.calls++
	if handle != "h&1" || account != e.account || connection != e.connection || issuer != "https://sso.test/id" || b.Binding == "" {
		return broker.Next{}, &broker.Refusal{Reason: broker.ReasonUsed}
	}
	return e.next, e.err
}

func (e *fakeEngine) ServiceMetadata(context.Context, registry.Account, string) ([]byte, error) {
	return []byte("<EntityDescriptor/>"), e.err
}

// TestAPostIsFetchedBySameOrigin: a post from another site is stored without a look at any cookie, and the
// redirect that answers it is judged like any callback.
func TestAPostIsFetchedBySameOrigin(t *testing.T) {
	const agent = "https://agent.test/cb?code=1"
	for _, tc := range []struct {
		path string
		form url.Values
		want url.Values // what the engine completes
	}{
		{"/login/acme/corp/callback", url.Values{"state": {"s"}, "code": {"c"}, "other": {"x"}}, url.Values{"state": {"s"}, "code": {"c"}}},
		{
			"/login/acme/adfs/saml/acs",
			url.Values{"RelayState": {"s"}, "SAMLResponse": {"PHg+"}, "state": {"forged"}},
			url.Values{"state": {"s"}, "SAMLResponse": {"PHg+"}},
		},
		{"/login/acme/adfs/saml/acs", url.Values{"RelayState": {"s", "t"}, "SAMLart": {"AAQ="}}, url.Values{"state": {"s", "t"}, "SAMLart": {"AAQ="}}},
	} {
		g := newRig(t)
		g.begin()
		g.engine.next = broker.Next{Step: broker.StepRedirect, URL: agent}
		r, body := g.do(http.MethodPost, tc.path, tc.form, map[string]string{"Origin": "https://idp.example", "Sec-Fetch-Site": "cross-site"})
		to := r.Header.Get("Location")
		if r.StatusCode != http.StatusSeeOther || to != tc.path+"?posted=h%261" || g.engine.params != nil {
			t.Fatalf("%s: %d to %q, completed %v: %s", tc.path, r.StatusCode, to, g.engine.params, body)
		}
		if r.Header.Get("Cache-Control") != "no-store" || len(r.Cookies()) > 0 {
			t.Errorf("%s: Cache-Control %q, cookies %v", tc.path, r.Header.Get("Cache-Control"), r.Cookies())
		}
		r, body = g.do(http.MethodGet, to, nil, nil)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != agent || g.engine.params.Encode() != tc.want.Encode() {
			t.Errorf("%s: %d to %q with %v: %s", tc.path, r.StatusCode, r.Header.Get("Location"), g.engine.params, body)
		}
	}
}

func TestAPostThatIsRefused(t *testing.T) {
	const path = "/login/acme/adfs/saml/acs"
	response := url.Values{"RelayState": {"s"}, "SAMLResponse": {"PHg+"}}
	for _, tc := range []struct {
		name, path string
		form       url.Values
		err        error
		status     int
		calls      int
	}{
		{"positive control", path, response, nil, http.StatusSeeOther, 1},
		{"too much for a code", "/login/acme/corp/callback", url.Values{"code": {strings.Repeat("A", 40<<10)}}, nil, http.StatusBadRequest, 0},
		{"too much", path, url.Values{"SAMLResponse": {strings.Repeat("A", 1<<20)}}, nil, http.StatusBadRequest, 0},
		{"an unknown state", path, response, &broker.Refusal{Reason: broker.ReasonUnknownAttempt}, http.StatusBadRequest, 1},
		{"another path", "/login/acme/adfs/saml/other", response, nil, http.StatusNotFound, 0},
		{"trouble of ours", path, response, errors.New("state database is down"), http.StatusServiceUnavailable, 1},
	} {
		g := newRig(t)
		g.begin()
		g.engine.err = tc.err
		r, body := g.do(http.MethodPost, tc.path, tc.form, nil)
		if r.StatusCode != tc.status || g.engine.calls != tc.calls {
			t.Errorf("%s: %d after %d calls: %s", tc.name, r.StatusCode, g.engine.calls, body)
		}
	}
}

func TestAnArtifactComesByRedirect(t *testing.T) {
	g := newRig(t)
	g.begin()
	g.engine.next = broker.Next{Step: broker.StepRedirect, URL: "https://agent.test/cb"}
	r, _ := g.do(http.MethodGet, "/login/acme/adfs/saml/acs?SAMLart=AAQ%3D&RelayState=s&state=forged", nil, nil)
	want := url.Values{"state": {"s"}, "SAMLart": {"AAQ="}}
	if r.StatusCode != http.StatusSeeOther || g.engine.params.Encode() != want.Encode() {
		t.Errorf("%d with %v", r.StatusCode, g.engine.params)
	}
}

func TestServiceMetadata(t *testing.T) {
	g := newRig(t)
	r, body := g.do(http.MethodGet, "/login/acme/adfs/saml/metadata", nil, nil)
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/samlmetadata+xml" || body != "<EntityDescriptor/>" {
		t.Errorf("%d, %s: %s", r.StatusCode, r.Header.Get("Content-Type"), body)
	}
	g.engine.err = &broker.Refusal{Reason: broker.ReasonConnection}
	if r, _ := g.do(http.MethodGet, "/login/acme/corp/saml/metadata", nil, nil); r.StatusCode == http.StatusOK {
		t.Error("a connection of another protocol has metadata")
	}
}

func TestLeavingWithAForm(t *testing.T) {
	g := newRig(t, "Entra")
	g.begin()
	g.engine.next = broker.Next{
		Step: broker.StepRedirect, URL: "https://idp.acme.example/sso?x=1",
		Form: url.Values{"SAMLRequest": {`"><script>`}, "RelayState": {"s"}},
	}
	r, body := g.post(g.path()+"/with/entra", nil, map[string]string{"Sec-Fetch-Dest": "document"})
	policy := r.Header.Get("Content-Security-Policy")
	if r.StatusCode != http.StatusOK || !strings.Contains(body, `action="https://idp.acme.example/sso?x=1"`) || strings.Contains(body, `"><script>"`) {
		t.Errorf("%d: %s", r.StatusCode, body)
	}
	if !strings.Contains(policy, "form-action https: https://idp.acme.example;") || !strings.Contains(body, "idp.acme.example") {
		t.Errorf("policy %s", policy)
	}
}

// TestALoginThatBeginsAtTheIdP: the browser may come here for the first time, and leaves with a session.
func TestALoginThatBeginsAtTheIdP(t *testing.T) {
	const path, target = "/login/acme/adfs/saml/acs/idp", "https://agent.test/start?iss=x"
	g := newRig(t)
	g.engine.next = broker.Next{Step: broker.StepRedirect, URL: target, Answer: &broker.Answer{
		Request: broker.AuthRequest{Issuer: "https://sso.test/id"}, SessionToken: "session-token",
	}}
	r, body := g.do(http.MethodPost, path, url.Values{"SAMLResponse": {"PHg+"}, "RelayState": {"https://evil.example"}}, nil)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != path+"?posted=h%261" || g.engine.kept.Has("RelayState") || len(r.Cookies()) > 0 {
		t.Fatalf("%d to %q, kept %v: %s", r.StatusCode, r.Header.Get("Location"), g.engine.kept, body)
	}
	r, body = g.do(http.MethodGet, path+"?posted=h%261", nil, nil)
	var names []string
	for _, c := range r.Cookies() {
		names = append(names, c.Value)
	}
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != target || !strings.Contains(strings.Join(names, " "), "session-token") || len(names) != 2 {
		t.Errorf("%d to %q with %q: %s", r.StatusCode, r.Header.Get("Location"), names, body)
	}
	if r, _ = g.do(http.MethodGet, path+"?posted=another", nil, nil); r.StatusCode == http.StatusSeeOther {
		t.Error("another handle logs in")
	}
}

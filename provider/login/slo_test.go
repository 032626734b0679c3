package login

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
)

func TestSingleLogout(t *testing.T) {
	const path, answer = "/login/acme/adfs/saml/slo", "https://idp.example/slo?SAMLResponse=x"
	for _, tc := range []struct {
		name, method, query string
		form                url.Values
		err                 error
		status              int
		ended               int
		to, title           string
	}{
		{"positive control, by redirect", http.MethodGet, "?SAMLRequest=a%2b&RelayState=r", nil, nil, 303, 1, answer, ""},
		{"positive control, by a form", http.MethodPost, "", url.Values{"SAMLRequest": {"a"}, "x": {"y"}}, nil, 303, 1, answer, ""},
		{"an identity provider that takes no answers", http.MethodGet, "?SAMLRequest=a", nil, nil, 200, 1, "", "The logout was carried out"},
		{"not signed", http.MethodGet, "?SAMLRequest=a", nil, &broker.Refusal{Reason: broker.ReasonLogout}, 400, 1, "", "The logout was not carried out"},
		{"trouble of ours", http.MethodGet, "?SAMLRequest=a", nil, errors.New("state database is down"), 503, 1, "", "Something is wrong"},
		{"our own answer, by redirect", http.MethodGet, "?SAMLResponse=a&RelayState=the-state", nil, nil, 303, 0, "https://agent.test/bye", ""},
		{"our own answer, by a form", http.MethodPost, "", url.Values{"SAMLResponse": {"a"}, "RelayState": {"the-state"}}, nil, 303, 0, path + "?RelayState=the-state&posted=sealed+for+acme+adfs+the-state", ""},
		{"an answer to nothing", http.MethodGet, "?SAMLResponse=a&RelayState=other", nil, nil, 200, 0, "", "We know of no logout here"},
		{"nothing at all", http.MethodGet, "", nil, nil, 200, 0, "", "We know of no logout here"},
	} {
		g := newRig(t)
		g.begin()
		g.engine.next = broker.Next{Step: broker.StepRedirect, URL: answer}
		if tc.to == "" {
			g.engine.next.URL = ""
		}
		g.engine.departure, g.engine.err = broker.Departure{ReturnURI: "https://agent.test/bye"}, tc.err
		r, body := g.do(tc.method, path+tc.query, tc.form, nil)
		if r.StatusCode != tc.status || r.Header.Get("Location") != tc.to || g.ended != tc.ended || !strings.Contains(body, tc.title) || strings.Contains(body, "You are logged out") {
			t.Errorf("%s: %d to %q, %d ended: %s", tc.name, r.StatusCode, r.Header.Get("Location"), g.ended, body)
		}
		if req := g.engine.logoutRequest; tc.ended > 0 && (req.Account != "acme" || req.Connection != "adfs" || req.Address != "127.0.0.1" ||
			tc.form == nil && "?"+req.Query != tc.query || tc.form != nil && (req.Form.Get("SAMLRequest") != "a" || req.Form.Has("x"))) {
			t.Errorf("%s: the engine was asked %+v", tc.name, req)
		}
	}
}

package login

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
)

func TestBackchannelLogout(t *testing.T) {
	const path = "/login/acme/corp/backchannel-logout"
	token := url.Values{"logout_token": {"a.b.c"}}
	for _, tc := range []struct {
		name   string
		form   url.Values
		err    error
		status int
		ended  int
	}{
		{"positive control", token, nil, 200, 1},
		{"no token", url.Values{}, nil, 400, 0},
		{"an empty token", url.Values{"logout_token": {""}}, nil, 400, 0},
		{"two tokens", url.Values{"logout_token": {"a", "b"}}, nil, 400, 0},
		{"too much", url.Values{"logout_token": {strings.Repeat("a", 200<<10)}}, nil, 400, 0},
		{"not believed", token, &broker.Refusal{Reason: broker.ReasonUpstream, Err: errors.New("iss <script>")}, 400, 1},
		{"used before", token, &broker.Refusal{Reason: broker.ReasonUsed}, 400, 1},
		{"keys out of reach", token, &broker.Refusal{Reason: broker.ReasonUpstreamDown}, 503, 1},
		{"trouble of ours", token, errors.New("state database is down"), 503, 1},
	} {
		g := newRig(t)
		g.engine.err = tc.err
		r, body := g.do(http.MethodPost, path, tc.form, nil)
		if r.StatusCode != tc.status || g.ended != tc.ended || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %d ended, Cache-Control %q: %s", tc.name, r.StatusCode, g.ended, r.Header.Get("Cache-Control"), body)
		}
		if strings.Contains(body, "<script") || strings.Contains(g.logs.String(), "a.b.c") {
			t.Errorf("%s: repeats what it was given: %s %s", tc.name, body, g.logs)
		}
		if (r.StatusCode == 503) != (r.Header.Get("Retry-After") != "") || (r.StatusCode == 200) != (body == "") {
			t.Errorf("%s: Retry-After %q: %s", tc.name, r.Header.Get("Retry-After"), body)
		}
		if n := g.engine.notice; tc.ended > 0 && (n.Account != "acme" || n.Connection != "corp" || n.Token != "a.b.c" || n.Address != "127.0.0.1") {
			t.Errorf("%s: the engine was told %+v", tc.name, n)
		}
	}
	g := newRig(t)
	if r, _ := g.do(http.MethodPost, path+"?logout_token=a.b.c", nil, nil); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a token in the query: %d", r.StatusCode)
	}
}

func TestFrontchannelLogout(t *testing.T) {
	for _, tc := range []struct {
		name, query string
		err         error
		status      int
		ended       int
	}{
		{"positive control", "?iss=https%3A%2F%2Fidp.example&sid=s-1", nil, 200, 1},
		{"no sid", "?iss=https%3A%2F%2Fidp.example", nil, 400, 0},
		{"no iss", "?sid=s-1", nil, 400, 0},
		{"two sids", "?iss=a&sid=s-1&sid=s-2", nil, 400, 0},
		{"another issuer", "?iss=a&sid=s-1", &broker.Refusal{Reason: broker.ReasonUpstream}, 400, 1},
		{"trouble of ours", "?iss=a&sid=s-1", errors.New("state database is down"), 503, 1},
	} {
		g := newRig(t)
		g.engine.err = tc.err
		r, body := g.do(http.MethodGet, "/login/acme/corp/frontchannel-logout"+tc.query, nil, nil)
		if r.StatusCode != tc.status || g.ended != tc.ended || body != "" || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %d ended: %s", tc.name, r.StatusCode, g.ended, body)
		}
		if n := g.engine.notice; tc.status == 200 && (n.Issuer != "https://idp.example" || n.Session != "s-1" || n.Token != "") {
			t.Errorf("%s: the engine was told %+v", tc.name, n)
		}
	}
}

// TestWhatTheIdPSaysOfALogout reaches the engine as it came, and the person if it is not what was hoped for.
func TestWhatTheIdPSaysOfALogout(t *testing.T) {
	const elsewhere = "has not confirmed"
	for _, tc := range []struct {
		name, path, query, answer string
		open                      bool
	}{
		{"positive control", "/saml/slo", "SAMLResponse=a%2b&RelayState=the-state", "", false},
		{"not believed", "/saml/slo", "SAMLResponse=a%2b&RelayState=the-state", "", true},
		{"posted before", "/saml/slo", "RelayState=the-state&posted=sealed", "sealed", true},
		{"of OpenID Connect", "/logged-out", "", "", false},
	} {
		g := newRig(t)
		g.begin()
		g.engine.openElsewhere = tc.open
		query := tc.query
		if query == "" {
			query = "state=the-state"
		}
		r, body := g.do(http.MethodGet, "/login/acme/adfs"+tc.path+"?"+query, nil, nil)
		if r.StatusCode != http.StatusOK || !strings.Contains(body, "You are logged out") || strings.Contains(body, elsewhere) != tc.open {
			t.Errorf("%s: %d: %s", tc.name, r.StatusCode, body)
		}
		if h := g.engine.homecoming; h.Account != "acme" || h.Connection != "adfs" || h.Query != tc.query || h.Answer != tc.answer || h.Browser.Binding == "" {
			t.Errorf("%s: the engine was told %+v", tc.name, h)
		}
	}
}

func TestBackFromLoggingOut(t *testing.T) {
	for _, tc := range []struct {
		name, state string
		departure   broker.Departure
		err         error
		status      int
		to          string
		title       string
	}{
		{"positive control", "the-state", broker.Departure{ReturnURI: "https://agent.test/bye?state=1"}, nil, 303, "https://agent.test/bye?state=1", ""},
		{"nowhere to go", "the-state", broker.Departure{}, nil, 200, "", "You are logged out"},
		{"an unknown state", "another", broker.Departure{ReturnURI: "https://agent.test/bye"}, nil, 200, "", "We know of no logout here"},
		{"no state", "", broker.Departure{}, nil, 200, "", "We know of no logout here"},
		{"trouble of ours", "the-state", broker.Departure{}, errors.New("state database is down"), 503, "", "Something is wrong"},
	} {
		g := newRig(t)
		g.begin()
		g.engine.departure, g.engine.err = tc.departure, tc.err
		r, body := g.do(http.MethodGet, "/login/acme/corp/logged-out?error=%3Cscript%3E&state="+tc.state, nil, nil)
		if r.StatusCode != tc.status || r.Header.Get("Location") != tc.to || strings.Contains(body, "script>") || !strings.Contains(body, tc.title) {
			t.Errorf("%s: %d to %q: %s", tc.name, r.StatusCode, r.Header.Get("Location"), body)
		}
	}
}

package provider_test

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
)

// A module is what one test module of the OpenID Foundation's conformance suite demands of a provider,
// under the suite's name for it. docs/conformance.md lists the plans.
type module struct {
	name string
	run  func(*relyingParty)
}

// A relyingParty is the suite's side: a client with a secret, registered by hand, without PKCE.
type relyingParty struct {
	*testing.T
	w    *world
	l    layout
	mode string // the response_mode, or empty
	b    *browser
}

// conform runs the modules of a plan, each in a fresh world and in both layouts.
func conform(t *testing.T, mode string, modules []module) {
	if testing.Short() { // with -race, which has little to find where one thing happens after the other
		t.Skip("a hundred worlds take long")
	}
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world, l layout) {
				m.run(&relyingParty{T: t, w: w, l: l, mode: mode, b: w.browser()})
			})
		})
	}
}

func TestConformanceBasic(t *testing.T)       { conform(t, "", basicModules()) }
func TestConformanceFormPost(t *testing.T)    { conform(t, "form_post", basicModules()) }
func TestConformanceConfig(t *testing.T)      { conform(t, "", configModules()) }
func TestConformanceRPLogout(t *testing.T)    { conform(t, "", logoutModules()) }
func TestConformanceBackchannel(t *testing.T) { conform(t, "", backchannelModules()) }

// request is the address of an authorization request, changed as the pairs say.
func (rp *relyingParty) request(pairs ...string) string {
	plain := []string{"scope", "openid", "code_challenge", "", "code_challenge_method", "", "response_mode", rp.mode}
	return authorizeURL(rp.l, append(plain, pairs...)...)
}

// told returns what an answer brings to the client: in the query, or in a form that posts itself.
func (rp *relyingParty) told(a answer) url.Values {
	rp.Helper()
	if rp.mode == "" {
		return a.location(rp).Query()
	}
	q := url.Values{}
	for _, f := range formField.FindAllStringSubmatch(a.body, -1) {
		q.Add(f[1], html.UnescapeString(f[2]))
	}
	if !strings.Contains(a.body, `<form method="post" action="`+redirectURI) || !q.Has("iss") {
		rp.Fatalf("%d posts nothing to the client:\n%s", a.status, a.body)
	}
	return q
}

// login answers the login page of a request.
func (rp *relyingParty) login(page answer) url.Values {
	rp.Helper()
	if !strings.Contains(page.body, `type="password"`) {
		rp.Fatalf("no login page: %d %q\n%s", page.status, page.header.Get("Location"), page.body)
	}
	return rp.told(rp.b.submit(page, url.Values{"username": {"ana"}, "password": {password}}))
}

// signIn is a whole authorization, of a person who has to log in.
func (rp *relyingParty) signIn(pairs ...string) url.Values {
	rp.Helper()
	q := rp.login(rp.b.get(rp.request(pairs...)))
	if q.Get("code") == "" || q.Get("state") != "s-1" || q.Get("iss") != rp.l.issuer {
		rp.Fatalf("the client was told %v", q)
	}
	return q
}

func (rp *relyingParty) redeem(client string, q url.Values) answer {
	rp.Helper()
	return rp.w.post(rp.l.token, client, form("grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", redirectURI))
}

// tokens redeems a code and returns the answer with the claims of its ID token, verified by a library.
func (rp *relyingParty) tokens(q url.Values) (said, claims map[string]any) {
	rp.Helper()
	a := rp.redeem("agent-app", q)
	if a.status != http.StatusOK || a.header.Get("Cache-Control") != "no-store" || !strings.EqualFold(text(a.json(rp), "token_type"), "bearer") {
		rp.Fatalf("no tokens: %d %s", a.status, a.body)
	}
	return a.json(rp), rp.verified(text(a.json(rp), "id_token"))
}

func (rp *relyingParty) verified(raw string) map[string]any {
	rp.Helper()
	ctx := oidc.ClientContext(rp.Context(), rp.w.server.Client())
	op, err := oidc.NewProvider(ctx, rp.l.issuer)
	rp.w.must(err)
	token, err := op.Verifier(&oidc.Config{ClientID: "agent-app", Now: rp.w.clock.Now}).Verify(ctx, raw)
	rp.w.must(err)
	claims := map[string]any{}
	rp.w.must(token.Claims(&claims))
	return claims
}

func (rp *relyingParty) userinfo(access string) map[string]any {
	rp.Helper()
	a := rp.w.userinfo(rp.l, "Bearer "+access)
	if a.status != http.StatusOK {
		rp.Fatalf("userinfo: %d %s", a.status, a.body)
	}
	return a.json(rp)
}

// mustBe is a check whose failure names what it was about.
func (rp *relyingParty) mustBe(what string, got, want any) {
	rp.Helper()
	if got != want {
		rp.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestConformanceIsDocumented: docs/conformance.md names exactly the modules that run.
func TestConformanceIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(oidcc-[a-z0-9-]+)` \\|[^|]*\\| (?:`([A-Za-z]+)`|–) \\|").FindAllStringSubmatch(string(page), -1)
	listed := map[string][]string{}
	for _, row := range rows {
		listed[row[2]] = append(listed[row[2]], row[1])
	}
	for test, modules := range map[string][]module{
		"TestConformanceBasic": basicModules(), "TestConformanceConfig": configModules(),
		"TestConformanceRPLogout": logoutModules(), "TestConformanceBackchannel": backchannelModules(),
	} {
		var names []string
		for _, m := range modules {
			names = append(names, m.name)
		}
		slices.Sort(names)
		slices.Sort(listed[test])
		if !slices.Equal(names, listed[test]) {
			t.Errorf("%s runs %v\nand the page lists %v", test, names, listed[test])
		}
	}
}

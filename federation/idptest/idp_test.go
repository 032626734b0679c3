package idptest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/federation/idptest"
)

const callback = "http://127.0.0.1:9/callback"

func start(t *testing.T) *idptest.IdP {
	t.Helper()
	idp, err := idptest.Start(idptest.Config{
		Name:  "Acme <Entra>",
		Users: []idptest.User{{Subject: "7", Login: "ana", Password: "pw"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := idp.Close(); err != nil {
			t.Error(err)
		}
	})
	idp.AddClient(idptest.Client{ID: "rp", RedirectURIs: []string{callback}})
	return idp
}

func authorize(idp *idptest.IdP, change url.Values) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {"rp"}, "redirect_uri": {callback}, "scope": {"openid"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
	for name, values := range change {
		query[name] = values
	}
	return idp.Issuer() + "/authorize?" + query.Encode()
}

func TestTheWalkEndsAtTheRelyingParty(t *testing.T) {
	idp := start(t)
	if !strings.HasPrefix(idp.Issuer(), "http://localhost:") {
		t.Errorf("issuer is %q", idp.Issuer())
	}
	back, err := idptest.Login(t.Context(), nil, authorize(idp, nil), "ana", "pw")
	if err != nil || !strings.HasPrefix(back, callback+"?") || !strings.Contains(back, "code=") {
		t.Fatalf("positive control: %q, %v", back, err)
	}
	for _, tc := range []struct {
		name            string
		change          url.Values
		login, password string
		want            string // in the callback; empty means that the walk must fail
	}{
		{"wrong password", nil, "ana", "wrong", ""},
		{"unknown user", nil, "bob", "pw", ""},
		{"empty login", nil, "", "", ""},
		{"unknown client", url.Values{"client_id": {"other"}}, "ana", "pw", ""},
		{"unregistered redirect", url.Values{"redirect_uri": {"http://127.0.0.1:9/other"}}, "ana", "pw", ""},
		{"prompt=none without a session", url.Values{"prompt": {"none"}}, "ana", "pw", "error=login_required"},
	} {
		back, err := idptest.Login(t.Context(), nil, authorize(idp, tc.change), tc.login, tc.password)
		switch {
		case tc.want == "" && err == nil:
			t.Errorf("%s: came back to %q", tc.name, back)
		case tc.want != "" && (err != nil || !strings.Contains(back, tc.want)):
			t.Errorf("%s: %q, %v", tc.name, back, err)
		}
	}
	back, err = idptest.Cancel(t.Context(), nil, authorize(idp, nil))
	if err != nil || !strings.Contains(back, "error=access_denied") || !strings.Contains(back, "state=s") {
		t.Errorf("cancel: %q, %v", back, err)
	}
}

func TestTheLoginPageIsPlainAndSafe(t *testing.T) {
	idp := start(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, authorize(idp, url.Values{"login_hint": {`"><script>`}}), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "Acme &lt;Entra&gt;") {
		t.Fatalf("status %d: %s", resp.StatusCode, page)
	}
	if strings.Contains(string(page), "<script") {
		t.Error("the login hint became markup")
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(page)
	if style == nil {
		t.Fatal("no style")
	}
	sum := sha256.Sum256(style[1])
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("the policy %q does not allow the page's own style", csp)
	}
}

func TestItListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "nonsense"} {
		idp, err := idptest.Start(idptest.Config{Listen: address})
		if err == nil {
			t.Errorf("%q: listens at %s", address, idp.Issuer())
			_ = idp.Close()
		}
	}
}

func TestSubjectsAreUnique(t *testing.T) {
	for _, users := range [][]idptest.User{{{Subject: ""}}, {{Subject: "a"}, {Subject: "a"}}} {
		if idp, err := idptest.Start(idptest.Config{Users: users}); err == nil {
			t.Errorf("started with %+v", users)
			_ = idp.Close()
		}
	}
}

package idptest_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/federation/idptest"
)

// decode reads a JWT without verifying it.
func decode(t *testing.T, token string) (typ any, claims map[string]any) {
	t.Helper()
	var parts [2]map[string]any
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	for i := range parts {
		text, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &parts[i]); err != nil {
			t.Fatal(err)
		}
	}
	return parts[0]["typ"], parts[1]
}

// login gets the ID token of ana at the client rp.
func login(t *testing.T, idp *idptest.IdP) string {
	t.Helper()
	back, err := idptest.Login(t.Context(), nil, authorize(idp, nil), "ana", "pw")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		IDToken string `json:"id_token"`
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"rp"}, "redirect_uri": {callback},
		"code": {u.Query().Get("code")}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	}
	status, body := send(t, http.MethodPost, idp.Issuer()+"/oauth/token", form)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("token endpoint: %d %s", status, body)
	}
	return answer.IDToken
}

// send makes a request with the form in the query or the body, and does not follow redirects: their address
// is the body.
func send(t *testing.T, method, address string, form url.Values) (status int, body string) {
	t.Helper()
	text := ""
	if method == http.MethodGet {
		address += "?" + form.Encode()
	} else {
		text = form.Encode()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if to := answer.Header.Get("Location"); to != "" {
		return answer.StatusCode, to
	}
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(page)
}

func TestSessionsEndFromBothSides(t *testing.T) {
	const home = "http://127.0.0.1:9/home"
	posted := make(chan string, 1)
	accept := true
	rp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posted <- r.PostFormValue("logout_token")
		if !accept {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(rp.Close)
	idp := start(t)
	idp.AddClient(idptest.Client{
		ID: "rp", RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{home}, BackchannelLogoutURI: rp.URL,
	})

	first := login(t, idp)
	_, claims := decode(t, first)
	sessions := idp.Sessions()
	if len(sessions) != 1 || sessions[0].Subject != "7" || sessions[0].Client != "rp" || sessions[0].ID != claims["sid"] {
		t.Fatalf("the sessions are %+v", sessions)
	}
	for name, change := range map[string]url.Values{
		"no hint":                   {"id_token_hint": nil, "client_id": {"rp"}},
		"a tampered hint":           {"id_token_hint": {first[:len(first)-8] + "AAAAAAAA"}},
		"an address not registered": {"post_logout_redirect_uri": {home + "/"}},
		"another client":            {"client_id": {"other"}},
	} {
		ask := url.Values{"id_token_hint": {first}, "post_logout_redirect_uri": {home}, "state": {"s"}}
		for parameter, values := range change {
			ask[parameter] = values
		}
		if status, page := send(t, http.MethodGet, idp.Issuer()+"/end_session", ask); status < 400 || len(idp.Sessions()) != 1 {
			t.Errorf("%s: %d %s, %d sessions", name, status, page, len(idp.Sessions()))
		}
	}
	ask := url.Values{"id_token_hint": {first}, "post_logout_redirect_uri": {home}, "state": {"s"}}
	if status, to := send(t, http.MethodGet, idp.Issuer()+"/end_session", ask); status != http.StatusFound || to != home+"?state=s" || len(idp.Sessions()) != 0 {
		t.Errorf("end_session: %d %s, %d sessions", status, to, len(idp.Sessions()))
	}
	if status, to := send(t, http.MethodGet, idp.Issuer()+"/end_session", url.Values{"id_token_hint": {first}}); status != http.StatusFound || to != "/logged-out" {
		t.Errorf("without an address: %d %s", status, to)
	}

	login(t, idp)
	session := idp.Sessions()[0]
	if err := idp.EndSession(t.Context(), session); err != nil || len(idp.Sessions()) != 0 {
		t.Fatalf("%v, %d sessions", err, len(idp.Sessions()))
	}
	typ, claims := decode(t, <-posted)
	if typ != "logout+jwt" || claims["sid"] != session.ID || claims["sub"] != "7" || claims["aud"] != "rp" || claims["jti"] == nil {
		t.Errorf("the relying party was told %v, %v", typ, claims)
	}
	accept = false
	if err := idp.EndSession(t.Context(), session); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("a relying party that refuses: %v", err)
	}
}

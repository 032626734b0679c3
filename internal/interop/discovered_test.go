package interop

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A discovered issuer is what a client in the manner of .NET's IdentityModel knows: the fields of the
// discovery document by the names that library reads, and requests as it makes them.
type discovered struct {
	Issuer                string   `json:"issuer"`
	JWKSURI               string   `json:"jwks_uri"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	DeviceEndpoint        string   `json:"device_authorization_endpoint"`
	PushedEndpoint        string   `json:"pushed_authorization_request_endpoint"`
	GrantTypes            []string `json:"grant_types_supported"`
	Challenges            []string `json:"code_challenge_methods_supported"`
}

func discover(t *testing.T, issuer string) discovered {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		t.Fatal(err)
	}
	var d discovered
	if status, body := send(t, r); status != http.StatusOK {
		t.Fatalf("discovery: %d %s", status, body)
	} else if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// tokens is a token response.
type tokens struct {
	AccessToken  string `json:"access_token"`
	IDToken      string `json:"id_token"`
	RefreshToken string `json:"refresh_token"`
	// raw is all of it.
	raw map[string]any
}

// post sends a form with the client's id and secret in the Authorization header, which is that
// library's way, and returns the answer.
func (d discovered) post(t *testing.T, client, endpoint string, form url.Values) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(clientSecret))
	return send(t, r)
}

func (d discovered) token(t *testing.T, client string, form url.Values) tokens {
	t.Helper()
	status, body := d.post(t, client, d.TokenEndpoint, form)
	var out tokens
	if err := json.Unmarshal(body, &out.raw); err != nil || status != http.StatusOK {
		t.Fatalf("token endpoint: %d %s", status, body)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

const verifier = "a-verifier-of-at-least-43-characters-0123456789"

// rp is the client that logs people in.
const rp = "interop-rp"

// login runs the authorization code flow with PKCE for a person.
func (d discovered) login(t *testing.T, someone *person, scope string) tokens {
	t.Helper()
	back, err := d.authorize(t, someone, scope, "")
	if err != nil {
		t.Fatal(err)
	}
	return d.redeem(t, back)
}

// authorize sends a person to log in, through a connection unless that is empty, and returns the parameters
// that they come back with. Its error tells on what page they were left.
func (d discovered) authorize(t *testing.T, someone *person, scope, connection string) (url.Values, error) {
	t.Helper()
	at, err := someone.visit(t.Context(), d.asking(redirectURI, scope, connection), redirectURI)
	if err != nil {
		return nil, err
	}
	back, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	if q := back.Query(); q.Get("state") != "a-state" || q.Get("iss") != d.Issuer {
		t.Fatalf("came back with %v, want state a-state and iss %s", q, d.Issuer)
	}
	return back.Query(), nil
}

// asking returns the address of an authorization request.
func (d discovered) asking(redirectURI, scope, connection string) string {
	challenge := sha256.Sum256([]byte(verifier))
	ask := url.Values{
		"response_type": {"code"}, "client_id": {rp}, "redirect_uri": {redirectURI}, "scope": {scope},
		"state": {"a-state"}, "nonce": {"a-nonce"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if connection != "" {
		ask.Set("idp_hint", connection)
	}
	return d.AuthorizationEndpoint + "?" + ask.Encode()
}

// redeem exchanges the code that a person came back with.
func (d discovered) redeem(t *testing.T, back url.Values) tokens {
	t.Helper()
	return d.redeemAt(t, redirectURI, back)
}

func (d discovered) redeemAt(t *testing.T, redirectURI string, back url.Values) tokens {
	t.Helper()
	return d.token(t, rp, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {redirectURI},
		"code_verifier": {verifier},
	})
}

// introspect returns the answer about a token, and the same as text.
func (d discovered) introspect(t *testing.T, client, token string) (map[string]any, string) {
	t.Helper()
	status, body := d.post(t, client, d.IntrospectionEndpoint, url.Values{"token": {token}, "token_type_hint": {"access_token"}})
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
		t.Fatalf("introspection: %d %s", status, body)
	}
	return answer, strings.TrimSpace(string(body))
}

func (d discovered) revoke(t *testing.T, client, token string) {
	t.Helper()
	if status, body := d.post(t, client, d.RevocationEndpoint, url.Values{"token": {token}}); status != http.StatusOK {
		t.Fatalf("revocation: %d %s", status, body)
	}
}

// end logs a person out, who ends where the application wants them.
func (d discovered) end(t *testing.T, someone *person, last tokens) {
	t.Helper()
	at, err := someone.visit(t.Context(), d.EndSessionEndpoint+"?"+url.Values{
		"id_token_hint": {last.IDToken}, "post_logout_redirect_uri": {postLogoutURI}, "state": {"over"},
	}.Encode(), postLogoutURI)
	if err != nil {
		t.Fatal(err)
	}
	if at != postLogoutURI+"?state=over" {
		t.Errorf("the logout ended at %s", at)
	}
}

// checkNobody expects that a person would have to log in.
func (d discovered) checkNobody(t *testing.T, someone *person) {
	t.Helper()
	silent, err := someone.visit(t.Context(), d.AuthorizationEndpoint+"?"+url.Values{
		"response_type": {"code"}, "client_id": {rp}, "redirect_uri": {redirectURI}, "scope": {"openid"}, "prompt": {"none"},
	}.Encode(), redirectURI)
	if err != nil || !strings.Contains(silent, "error=login_required") {
		t.Errorf("a silent login after the logout ends at %s, %v", silent, err)
	}
}

// callAPI opens a page with a bearer token; an empty one is left out.
func callAPI(t *testing.T, address, token string) (status int, page string) {
	t.Helper()
	status, body := send(t, bearing(t, "http://"+address+"/", token))
	return status, string(body)
}

func bearing(t *testing.T, address, token string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func send(t *testing.T, r *http.Request) (int, []byte) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body
}

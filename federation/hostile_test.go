// What an OpenID Connect IdP, or whoever plays one, must not get away with, and where each line is tested:
//
//	signature and header            TestOnlyAnHonestIDTokenIsBelieved
//	  alg none, HS256 with the public PEM, jwk, jku, crit, tampered, another's key
//	iss, aud, azp, nonce, sub, typ  TestOnlyAnHonestIDTokenIsBelieved
//	exp, nbf, iat                   TestOnlyAnHonestIDTokenIsBelieved
//	auth_time under max_age         TestMaxAgeIsHeldAgainstTheIdP
//	"SUB" after "sub", iss twice    TestOnlyAnHonestIDTokenIsBelieved
//	keys rotated                    TestARotatedKeyStillLogsIn
//	keys removed                    TestARemovedKeyStopsWorking
//	keys too large to verify with   TestOnlySoundKeysAreUsed
//	any endpoint hung               TestHungEndpointsHangNobody, TestWhatIsKnownOutlivesAHungRefresh
//	a storm of unknown key ids      TestUnknownKeysDoNotBecomeAStorm
//	discovery: issuer, addresses    TestOnlySoundMetadataIsUsed
//	200 MB, redirect to a host      TestEveryEndpointIsBounded, TestAHugeAnswerIsCutOff
//	iss of the callback (mix-up)    TestOnlyAnAnswerToThisLoginIsRead, TestAnIdPThatPromisesIssMustSendIt
//	code replayed                   TestACodeIsGoodOnce
//	logout tokens and ID tokens     TestOnlyAnHonestLogoutTokenIsBelieved
//	the IdP's error text            TestAnErrorOfTheIdPIsBounded; provider/login: TestRefusalPages
//
// In broker:
//
//	another browser, connection or tenant  TestCallbacksThatBelongElsewhere, TestWhatIsNotKept
//	an e-mail address not verified         TestWhoComesBackIsRefused
//	one sub at two IdPs                    TestASubjectIsItsConnections
//	disabled with logins in flight         TestAConnectionThatIsDisabledStopsLoginsInFlight
//	logout token replayed                  TestNoticesRefused

package federation_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A hostile is an IdP that says whatever it is told. Its fields are set between requests.
type hostile struct {
	*httptest.Server
	t   *testing.T
	key *rsa.PrivateKey
	now time.Time

	mu sync.Mutex
	// doc is the metadata; keys is the key set; answer is the token response.
	doc    map[string]any
	keys   []jose.JSONWebKey
	answer map[string]any
	info   map[string]any
	// override replaces an endpoint, by path.
	override map[string]http.HandlerFunc
	asked    map[string]int
	form     url.Values // of the latest token request
}

// newKey makes one key for all tests: they need a key, not a fresh one.
var newKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newHostile(t *testing.T) *hostile {
	t.Helper()
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{
		t: t, key: key, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		asked: map[string]int{}, override: map[string]http.HandlerFunc{},
	}
	h.Server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.Close)
	h.doc = map[string]any{
		"issuer":                                h.URL,
		"authorization_endpoint":                h.URL + "/authorize",
		"token_endpoint":                        h.URL + "/token",
		"userinfo_endpoint":                     h.URL + "/userinfo",
		"jwks_uri":                              h.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
	}
	h.publish("k1")
	return h
}

// publish makes the key set this test's key under each of these ids.
func (h *hostile) publish(kids ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = []jose.JSONWebKey{}
	for _, kid := range kids {
		h.keys = append(h.keys, jose.JSONWebKey{Key: &h.key.PublicKey, KeyID: kid, Use: "sig"})
	}
}

func (h *hostile) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked[r.URL.Path]++
	if handler := h.override[r.URL.Path]; handler != nil {
		h.mu.Unlock()
		handler(w, r)
		return
	}
	defer h.mu.Unlock()
	bodies := map[string]any{
		"/.well-known/openid-configuration": h.doc,
		"/keys":                             map[string]any{"keys": h.keys},
		"/token":                            h.answer,
		"/userinfo":                         h.info,
	}
	body, known := bodies[r.URL.Path]
	if !known {
		http.NotFound(w, r)
		return
	}
	if r.URL.Path == "/token" {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.form = r.PostForm
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		h.t.Error(err)
	}
}

func (h *hostile) replace(path string, handler http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.override[path] = handler
}

func (h *hostile) count(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked[path]
}

// open returns an upstream for this IdP, on the IdP's clock.
func (h *hostile) open(change func(*federation.Config)) *federation.OIDC {
	h.t.Helper()
	cfg := federation.Config{Issuer: h.URL, ClientID: "patchbay", Now: func() time.Time { return h.now }}
	if change != nil {
		change(&cfg)
	}
	return open(h.t, cfg)
}

// A forgery is an ID token in the making.
type forgery struct {
	header, claims map[string]any
	// payload, if set, rewrites the marshalled claims.
	payload func(string) string
	// sign, if set, replaces RS256 with the IdP's key; it gets header.payload.
	sign func(string) []byte
	// tamper, if set, rewrites the finished token.
	tamper func(string) string
}

// forge returns an honest token for this login; rows of a table make it less so.
func (h *hostile) forge(nonce string) *forgery {
	return &forgery{
		header: map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"},
		claims: map[string]any{
			"iss": h.URL, "sub": "ana", "aud": "patchbay", "nonce": nonce,
			"iat": h.now.Unix(), "exp": h.now.Add(5 * time.Minute).Unix(),
			"email": "ana@acme.example", "email_verified": true,
		},
		sign: h.rs256,
	}
}

func (h *hostile) rs256(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, h.key, crypto.SHA256, sum[:])
	if err != nil {
		h.t.Error(err)
	}
	return signature
}

// hs256 signs with what everybody knows: the public key as PEM.
func (h *hostile) hs256(text string) []byte {
	der, err := x509.MarshalPKIXPublicKey(&h.key.PublicKey)
	if err != nil {
		h.t.Error(err)
	}
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func (f *forgery) token(t *testing.T) string {
	t.Helper()
	header, err := json.Marshal(f.header)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := json.Marshal(f.claims)
	if err != nil {
		t.Fatal(err)
	}
	payload := string(claims)
	if f.payload != nil {
		payload = f.payload(payload)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(header) + "." + encode([]byte(payload))
	token := text + "." + encode(f.sign(text))
	if f.tamper != nil {
		token = f.tamper(token)
	}
	return token
}

// An attempt is one walk past the hostile IdP; zero fields are honest.
type attempt struct {
	maxAge time.Duration
	prompt string
	change func(*forgery)
	// params are added to the callback's; a nil value removes one.
	params url.Values
	memo   func([]byte) []byte
}

// run walks one login and returns what Finish said.
func (h *hostile) run(o *federation.OIDC, a attempt) (mapping.Identity, error) {
	h.t.Helper()
	if a.maxAge == 0 {
		a.maxAge = -1
	}
	started, err := o.Start(h.t.Context(), federation.StartRequest{State: "s", RedirectURI: callback, MaxAge: a.maxAge, Prompt: a.prompt})
	if err != nil {
		return mapping.Identity{}, err
	}
	u, err := url.Parse(started.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	f := h.forge(u.Query().Get("nonce"))
	if a.change != nil {
		a.change(f)
	}
	h.mu.Lock()
	h.answer = map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": f.token(h.t)}
	h.mu.Unlock()
	params := url.Values{"state": {"s"}, "code": {"the-code"}}
	maps.Copy(params, a.params)
	maps.DeleteFunc(params, func(_ string, v []string) bool { return v == nil })
	memo := started.Memo
	if a.memo != nil {
		memo = a.memo(memo)
	}
	return o.Finish(h.t.Context(), federation.Response{Memo: memo, RedirectURI: callback, Params: params})
}

// leftHalf is the at_hash of a token signed with RS256 (OpenID Connect Core 1.0 §3.1.3.6).
func leftHalf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

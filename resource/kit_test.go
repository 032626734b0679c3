package resource_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/resource"
)

var epoch = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// An issuer publishes metadata, keys, and answers about tokens, as tests tell it to.
type issuer struct {
	must   func(error) // ends the test, or the example
	server *httptest.Server
	url    string

	mu      sync.Mutex
	now     time.Time
	keys    map[string]jose.JSONWebKey
	down    bool
	asked   map[string]int // by path
	revoked map[string]bool
	editing func(map[string]any) // what metadata says
	minted  map[string]string    // by jti
}

// signers are made once: RSA takes its time.
var signers = sync.OnceValues(func() (map[string]jose.JSONWebKey, error) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	return map[string]jose.JSONWebKey{
		"ec": {Key: ec, KeyID: "ec", Algorithm: "ES256", Use: "sig"}, "rsa": {Key: pair, KeyID: "rsa", Algorithm: "RS256", Use: "sig"},
		"ed": {Key: ed, KeyID: "ed", Algorithm: "EdDSA", Use: "sig"},
	}, err
})

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i, err := startLogin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.server.Close)
	i.must = func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	return i
}

// startLogin is newIssuer for examples.
func startLogin() (*issuer, error) {
	keys, err := signers()
	if err != nil {
		return nil, err
	}
	i := &issuer{now: epoch, keys: maps.Clone(keys), asked: map[string]int{}, revoked: map[string]bool{}, editing: func(map[string]any) {}}
	i.must = func(err error) {
		if err != nil {
			panic(err)
		}
	}
	i.server = httptest.NewServer(http.HandlerFunc(i.serve))
	i.url = i.server.URL + "/id"
	return i, nil
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked[r.URL.Path]++
	var body any
	switch {
	case i.down:
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	case r.URL.Path == "/id/.well-known/openid-configuration":
		m := map[string]any{"issuer": i.url, "jwks_uri": i.url + "/jwks", "introspection_endpoint": i.url + "/introspect"}
		i.editing(m)
		body = m
	case r.URL.Path == "/id/jwks":
		set := jose.JSONWebKeySet{}
		for _, key := range i.keys {
			set.Keys = append(set.Keys, key.Public())
		}
		body = set
	case r.URL.Path == "/id/introspect":
		id, secret, _ := r.BasicAuth()
		if id != "api" || secret != "secret" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		body = i.judge(r.PostFormValue("token"))
	default:
		http.NotFound(w, r)
		return
	}
	i.must(json.NewEncoder(w).Encode(body))
}

// judge knows the tokens that are its own by their signature.
func (i *issuer) judge(raw string) map[string]any {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || i.revoked[raw] {
		return map[string]any{"active": false}
	}
	key := i.keys[jws.Signatures[0].Header.KeyID]
	payload, err := jws.Verify(key.Public())
	if err != nil {
		return map[string]any{"active": false}
	}
	said := map[string]any{}
	i.must(json.Unmarshal(payload, &said))
	said["active"] = true
	return said
}

// set changes what the issuer is, while it may be serving.
func (i *issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func (i *issuer) clock() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

func (i *issuer) pass(d time.Duration) { i.set(func() { i.now = i.now.Add(d) }) }

func (i *issuer) fetches(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked["/id"+path]
}

// claims are those of a good token; edits change them.
func (i *issuer) claims(edits ...func(map[string]any)) map[string]any {
	c := map[string]any{
		"iss": i.url, "sub": "4711", "sub_type": "user", "aud": []string{i.url + "/resources", "contact-centre"},
		"client_id": "agent-app", "scope": "openid contact-centre", "tenant": "acme", "jti": "1", "gid": "2",
		"iat": epoch.Unix(), "nbf": epoch.Unix(), "exp": epoch.Add(15 * time.Minute).Unix(),
		"roles": []string{"Agent"}, "permissions": []string{"softphone"},
	}
	for _, edit := range edits {
		edit(c)
	}
	return c
}

// with sets a claim; a nil value removes it.
func with(name string, value any) func(map[string]any) {
	return func(c map[string]any) {
		c[name] = value
		if value == nil {
			delete(c, name)
		}
	}
}

// sign signs claims with one of the issuer's keys, or with what pretends to be one.
func (i *issuer) sign(key jose.JSONWebKey, typ string, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	i.must(err)
	return i.signText(key, typ, payload)
}

func (i *issuer) signText(key jose.JSONWebKey, typ string, payload []byte) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	i.must(err)
	jws, err := signer.Sign(payload)
	i.must(err)
	raw, err := jws.CompactSerialize()
	i.must(err)
	return raw
}

func (i *issuer) token(edits ...func(map[string]any)) string {
	return i.sign(i.keys["ec"], "at+jwt", i.claims(edits...))
}

func (i *issuer) verifier(edits ...func(*resource.Config)) *resource.Verifier {
	c := resource.Config{Issuers: []string{i.url}, Audience: "contact-centre", Now: i.clock}
	for _, edit := range edits {
		edit(&c)
	}
	v, err := resource.New(c)
	i.must(err)
	return v
}

// revoke ends a token, and lets the time go by until everybody has noticed.
func (i *issuer) revoke(raw string) {
	i.set(func() { i.revoked[raw] = true })
	i.pass(10 * time.Second)
}

package registry

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// keysFile has every key of a client that acmeFile lacks.
const keysFile = `account: acme
name: Acme Support
legacy_tenant: 10010
clients:
  - id: portal
    grant_types: [authorization_code, refresh_token, "urn:ietf:params:oauth:grant-type:device_code"]
    response_types: [code, token id_token, code id_token]
    redirect_uris: [https://portal.acme.example/callback]
    backchannel_logout_uri: https://portal.acme.example/backchannel
    frontchannel_logout_uri: https://portal.acme.example/frontchannel?a=b
    cors_origins: [https://portal.acme.example, "http://127.0.0.1:8081"]
    require_consent: true
    require_pushed_authorization_requests: true
    scopes: [openid]
    id_token_signing_alg: EdDSA
    secrets:
      - { private_key_jwt: { certificate_file: portal.pem }, description: certificate }
      - { private_key_jwt: { jwk_file: portal.jwk }, expires: 2027-12-31 }
  - id: reporting
    grant_types: [client_credentials, password, "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange"]
    scopes: [contact-centre, patchbay.admin]
    secrets: [{ value: "${APP}" }]
    product_access: [{ platform: contact-centre, solution: 10010, user_id: 4711 }]
    trusted_issuers: [{ issuer: "https://hr.acme.example", jwks_file: hr.jwks, subject_is: login }]
    token_exchange: { audiences: [https://crm.acme.example], connections: [corp] }
    introspection: { allow: platform }
connections:
  - id: corp
    type: oidc
    issuer: https://login.example/tenant/v2.0
    client_id: patchbay
    client_secret: upstream secret
    access_tokens: { audiences: [https://crm.acme.example], type: JWT }
`

var certificateEnds = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

func keyPair(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: day, NotAfter: certificateEnds}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func jwkText(t testing.TB, key jose.JSONWebKey) string {
	t.Helper()
	text, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// keysEnv holds the files of keysFile.
func keysEnv(t testing.TB) environment {
	t.Helper()
	env := acmeEnv()
	env["portal.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t, keyPair(t))}))
	env["portal.jwk"] = jwkText(t, jose.JSONWebKey{Key: keyPair(t).Public(), KeyID: "portal-1", Algorithm: "ES256"})
	env["hr.jwks"] = `{"keys":[` + jwkText(t, jose.JSONWebKey{Key: keyPair(t).Public(), KeyID: "hr"}) + `]}`
	return env
}

func TestKeysOfAClient(t *testing.T) {
	f := parsed(t, keysFile, keysEnv(t))
	portal, reporting := f.clients[0].Client, f.clients[1].Client
	for what, pair := range map[string][2]any{
		"response types":     {[]string{ResponseCode, ResponseIDTokenToken, ResponseCodeIDToken}, portal.ResponseTypes},
		"back-channel":       {"https://portal.acme.example/backchannel", portal.BackchannelLogoutURI},
		"front-channel":      {"https://portal.acme.example/frontchannel?a=b", portal.FrontchannelLogoutURI},
		"origins":            {[]string{"https://portal.acme.example", "http://127.0.0.1:8081"}, portal.CORSOrigins},
		"consent":            {true, portal.RequireConsent},
		"pushed requests":    {true, portal.RequirePushed},
		"product access":     {[]ProductAccess{{"contact-centre", "10010", "4711"}}, reporting.ProductAccess},
		"token exchange":     {TokenExchange{[]string{"https://crm.acme.example"}, []string{"corp"}}, reporting.TokenExchange},
		"end of certificate": {certificateEnds, f.clients[0].secrets[0].Expires},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if key, ok := f.clients[0].secrets[1].JWK(); !ok || key.KeyID != "portal-1" || !key.IsPublic() {
		t.Errorf("the JWK of the second secret is %+v, %v", key, ok)
	}
	if set, err := reporting.TrustedIssuers[0].JWKS(); err != nil || len(set.Key("hr")) != 1 {
		t.Errorf("the keys of the trusted issuer are %+v, %v", set, err)
	}
	if !portal.MayRespond(ResponseIDTokenToken) || portal.MayRespond(ResponseIDToken) || reporting.MayRespond(ResponseCode) {
		t.Error("MayRespond disagrees with response_types")
	}
	plain := &Client{GrantTypes: []string{GrantAuthorizationCode}}
	if !plain.MayRespond(ResponseCode) || plain.MayRespond(ResponseCodeToken) {
		t.Error("without response_types a client with authorization_code has more or less than code")
	}
}

// Each case changes one thing in the good file, which is the positive control.
func TestFaultsOfAClientsKeys(t *testing.T) {
	env := keysEnv(t)
	parsed(t, keysFile, env)
	for _, tc := range []struct{ name, old, new, want string }{
		{"response type", "token id_token,", "token code code,", `clients[0].response_types[1]: "token code code" is not one of`},
		{"response type twice", "token id_token,", "id_token code,", `clients[0].response_types[2]: "code id_token" is there twice`},
		{"no code for the code grant", "[code, token id_token, code id_token]", "[id_token]", "clients[0].response_types: none of them has the code"},
		{"code without the grant", "[authorization_code, refresh_token, ", "[refresh_token, ", `clients[0].response_types[0]: "code" needs the grant authorization_code`},
		{"back-channel by private scheme", "https://portal.acme.example/backchannel", "com.example.app:/cb", `clients[0].backchannel_logout_uri: "com.example.app:/cb" must be https`},
		{"back-channel in the clear", "https://portal.acme.example/backchannel", "http://portal.acme.example/", "must be https"},
		{"back-channel with a fragment", "/backchannel", "/#x", "clients[0].backchannel_logout_uri: \"https://portal.acme.example/#x\" has a fragment"},
		{"back-channel of a machine", "    scopes: [contact-centre", "    backchannel_logout_uri: https://x.example/\n    scopes: [contact-centre", "clients[1].backchannel_logout_uri: is of use only where people log in"},
		{"front-channel elsewhere", "https://portal.acme.example/frontchannel", "https://other.acme.example/frontchannel", "clients[0].frontchannel_logout_uri: \"https://other.acme.example/frontchannel?a=b\" has the scheme, host and port of none"},
		{"origin with a path", "cors_origins: [https://portal.acme.example", "cors_origins: [https://portal.acme.example/", `clients[0].cors_origins[0]: "https://portal.acme.example/" is not an origin`},
		{"origin with its own port", "cors_origins: [https://portal.acme.example", "cors_origins: [\"https://portal.acme.example:443\"", `browsers would send "https://portal.acme.example"`},
		{"origin in the clear", "cors_origins: [https://portal.acme.example", "cors_origins: [http://portal.acme.example", "clients[0].cors_origins[0]: \"http://portal.acme.example\" must be https"},
		{"origin of nobody", "cors_origins: [https://portal.acme.example", "cors_origins: [\"null\"", "clients[0].cors_origins[0]:"},
		{"origin of everybody", "cors_origins: [https://portal.acme.example", "cors_origins: [\"*\"", "clients[0].cors_origins[0]:"},
		{"origin by wildcard", "cors_origins: [https://portal.acme.example", "cors_origins: [\"https://*.acme.example\"", "wildcards neither"},
		{"consent of a machine", "    scopes: [contact-centre", "    require_consent: true\n    scopes: [contact-centre", "clients[1].require_consent: is of use only"},
		{"pushed requests of a machine", "    scopes: [contact-centre", "    require_pushed_authorization_requests: true\n    scopes: [contact-centre", "clients[1].require_pushed_authorization_requests: is of use only"},
		{"access tokens with ID tokens' audience", "access_tokens: { audiences: [https://crm.acme.example]", "access_tokens: { audiences: [patchbay]", `connections[0].access_tokens.audiences: "patchbay" is client_id`},
		{"access tokens of another type", "type: JWT }", "type: jwe }", `connections[0].access_tokens.type: "jwe" is not one of`},
		{"access tokens for nobody", "audiences: [https://crm.acme.example], type: JWT }", "type: JWT }", "connections[0].access_tokens.audiences: is required"},
		{"public machine", "secrets: [{ value: \"${APP}\" }]", "require_secret: false", "clients[1].require_secret: must be true: the grant client_credentials"},
		{"access without the grant", "[client_credentials, password, ", "[password, ", "clients[1].product_access: is of use only with the grant client_credentials"},
		{"access to another tenant", "solution: 10010", "solution: 10020", `clients[1].product_access[0].solution: "10020" is not the tenant's legacy_tenant, "10010"`},
		{"access to another product", "platform: contact-centre", "platform: masterdata", `clients[1].product_access[0].platform: "masterdata" is not one of`},
		{"access beyond the scopes", "[contact-centre, patchbay.admin]", "[patchbay.admin]", `clients[1].product_access[0].platform: "contact-centre" is not among`},
		{"access for nobody", "user_id: 4711", "user_id: \"\"", "clients[1].product_access[0].user_id: is required"},
		{"access that splits the scope", "user_id: 4711", "user_id: \"1:2\"", "clients[1].product_access[0].user_id: \"1:2\" must be"},
		{"trust without the grant", `"urn:ietf:params:oauth:grant-type:jwt-bearer", `, "", "clients[1].trusted_issuers: is of use only with the grant urn"},
		{"grant without trust", "    trusted_issuers: [{ issuer: \"https://hr.acme.example\", jwks_file: hr.jwks, subject_is: login }]\n", "", "clients[1].trusted_issuers: is required"},
		{"trust in what subject", "subject_is: login", "subject_is: email", `clients[1].trusted_issuers[0].subject_is: "email" is not one of`},
		{"trust without keys", "jwks_file: hr.jwks, ", "", "clients[1].trusted_issuers[0].jwks: is not a JSON Web Key Set"},
		{"trust in no keys", "jwks_file: hr.jwks, ", "jwks: { keys: [] }, ", "clients[1].trusted_issuers[0].jwks: holds 0 keys"},
		{"exchange without the grant", `, "urn:ietf:params:oauth:grant-type:token-exchange"`, "", "clients[1].token_exchange: is of use only with the grant urn"},
		{"exchange for nothing", "    token_exchange: { audiences: [https://crm.acme.example], connections: [corp] }\n", "", "clients[1].token_exchange: is required"},
		{"exchange of what", "connections: [corp] }", "connections: [Corp] }", `clients[1].token_exchange.connections[0]: "Corp" is not the id`},
		{"two forms of a key", "{ certificate_file: portal.pem }", "{ certificate_file: portal.pem, jwk_file: portal.jwk }", "clients[0].secrets[0].private_key_jwt: give exactly one of"},
		{"two forms of a secret", "private_key_jwt: { certificate_file: portal.pem }", "private_key_jwt: { certificate_file: portal.pem }, value: \"${APP}\"", "clients[0].secrets[0].value: give exactly one of"},
		{"longer than the certificate", "description: certificate", "expires: 2028-01-01", "clients[0].secrets[0].expires: is after the certificate ends, 2027-03-01"},
		{"an unknown scope", "patchbay.admin", "patchbay.god", `clients[1].scopes[1]: "patchbay.god" is not one of`},
		{"an unknown algorithm", "EdDSA", "HS256", `clients[0].id_token_signing_alg: "HS256" is not one of`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(keysFile, tc.old, tc.new, 1)
			if text == keysFile {
				t.Fatalf("%q is not in the file", tc.old)
			}
			_, err := ParseTenantFile("acme.yaml", []byte(text), env)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got  %v\nwant … %s", err, tc.want)
			}
		})
	}
}

func TestClientKeys(t *testing.T) {
	ec := keyPair(t)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey := func(bits int) *rsa.PublicKey {
		return &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), bits-1, 1), E: 65537}
	}
	der := certificate(t, ec)
	for _, tc := range []struct{ name, jwk, certificate, fault string }{
		{name: "P-256 (control)", jwk: jwkText(t, jose.JSONWebKey{Key: ec.Public()})},
		{name: "Ed25519", jwk: jwkText(t, jose.JSONWebKey{Key: ed.Public()})},
		{name: "RSA", jwk: jwkText(t, jose.JSONWebKey{Key: rsaKey(2048)})},
		{name: "certificate in PEM", certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))},
		{name: "certificate in base64", certificate: base64.StdEncoding.EncodeToString(der)},
		{name: "short RSA", jwk: jwkText(t, jose.JSONWebKey{Key: rsaKey(2047)}), fault: "is an RSA key of 2047 bits"},
		{name: "endless RSA", jwk: jwkText(t, jose.JSONWebKey{Key: rsaKey(8193)}), fault: "is not a JSON Web Key"},
		{name: "private", jwk: jwkText(t, jose.JSONWebKey{Key: ec}), fault: "is a private key"},
		{name: "private Ed25519", jwk: jwkText(t, jose.JSONWebKey{Key: ed}), fault: "is a private key"},
		{name: "symmetric", jwk: `{"kty":"oct","k":"c2VjcmV0"}`, fault: "is a symmetric key"},
		{name: "for encryption", jwk: jwkText(t, jose.JSONWebKey{Key: ec.Public(), Use: "enc"}), fault: `is for use "enc"`},
		{name: "off the curve", jwk: `{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, fault: "is not a JSON Web Key"},
		{name: "no key", jwk: `{"kty":"none"}`, fault: "is not a JSON Web Key"},
		{name: "certificate of a weak curve", certificate: base64.StdEncoding.EncodeToString(certificate(t, p224)), fault: "is on the curve P-224"},
		{name: "certificate with its key", certificate: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----", fault: "holds a private key"},
		{name: "certificate request", certificate: "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----", fault: "holds a CERTIFICATE REQUEST"},
		{name: "chain", certificate: strings.Repeat(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 2), fault: "more than one certificate"},
		{name: "no certificate", certificate: "AAAA", fault: "is not an X.509 certificate"},
		{name: "no base64", certificate: "portal.pem", fault: "is neither PEM nor base64"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stored []byte
			var err error
			if tc.jwk != "" {
				stored, err = parseKey([]byte(tc.jwk))
			} else {
				stored, _, err = parseCertificate(tc.certificate)
			}
			if tc.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fault) {
					t.Errorf("got %v, want %s", err, tc.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			secret := ClientSecret{PublicKey: stored}
			if err := secret.check(); err != nil {
				t.Errorf("what is stored is refused: %v", err)
			}
			if key, ok := secret.JWK(); !ok || !key.Valid() || !key.IsPublic() {
				t.Errorf("what is stored reads as %+v", key)
			}
		})
	}
}

func TestEveryKeyIsExported(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, keysFile, keysEnv(t)), p)
	data, err := s.Export("acme")
	if err != nil {
		t.Fatal(err)
	}
	again := parsed(t, string(data), environment{})
	p.Prune = true
	if _, change, lines := applied(t, s, again, p); !change.Empty() {
		t.Errorf("the export differs from the registry: %v\n%s", lines, data)
	}
	restored, _, _ := applied(t, empty(t), again, p)
	before, _ := s.Client("portal")
	after, _ := restored.Client("portal")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("restored from the export (-want +got):\n%s", diff)
	}
}

func TestDifferencesOfAClientsKeys(t *testing.T) {
	p, env := planning(day), keysEnv(t)
	s, _, _ := applied(t, empty(t), parsed(t, keysFile, env), p)
	rotated := maps.Clone(env)
	rotated["portal.jwk"] = jwkText(t, jose.JSONWebKey{Key: keyPair(t).Public()})
	for _, tc := range []struct {
		name, old, new string
		env            environment
		want           []string
	}{
		{name: "the same again", env: env},
		{name: "key rotated", env: rotated, want: []string{"~ client portal: secrets: 1 added, 1 removed"}},
		{name: "consent", old: "    require_consent: true\n", env: env, want: []string{"~ client portal: require_consent: removed true"}},
		{name: "pushed requests", old: "    require_pushed_authorization_requests: true\n", env: env, want: []string{"~ client portal: require_pushed_authorization_requests: removed true"}},
		{name: "origins", old: ", \"http://127.0.0.1:8081\"", env: env, want: []string{"~ client portal: cors_origins: [https://portal.acme.example, \"http://127.0.0.1:8081\"] → [https://portal.acme.example]"}},
		{name: "access", old: "user_id: 4711", new: "user_id: 4712", env: env, want: []string{"~ client reporting: product_access[0]: {platform: contact-centre, solution: \"10010\", user_id: \"4711\"} → {platform: contact-centre, solution: \"10010\", user_id: \"4712\"}"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, lines := applied(t, s, parsed(t, strings.Replace(keysFile, tc.old, tc.new, 1), tc.env), p)
			if diff := cmp.Diff(tc.want, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanKeepsTheRegistryWhole(t *testing.T) {
	p := planning(day)
	s, _, _ := applied(t, empty(t), parsed(t, keysFile, keysEnv(t)), p)
	const moved = "account: acme\nname: Acme Support\nlegacy_tenant: 10020\n"
	if _, _, err := s.Plan(parsed(t, strings.Replace(moved, "10020", "10010", 1), nil), p); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	_, _, err := s.Plan(parsed(t, moved, nil), p)
	if want := `legacy_tenant: client "reporting" has product access under another one`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a tenant with product access moved: %v", err)
	}
	text := strings.Replace(keysFile, "connections: [corp]", "connections: [other]", 1)
	_, _, err = s.Plan(parsed(t, text, keysEnv(t)), p)
	if want := `clients[1].token_exchange.connections[0]: there is no connection "other"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("tokens of no connection exchanged: %v", err)
	}
}

func TestResponseType(t *testing.T) {
	for text, want := range map[string]string{
		"code": ResponseCode, "token id_token": ResponseIDTokenToken, "token id_token code": ResponseCodeIDTokenToken, "id_token": ResponseIDToken,
	} {
		if got, ok := ResponseType(text); !ok || got != want {
			t.Errorf("%q is %q, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", " code", "code ", "code  token", "code code", "token", "none", "Code", "code\ttoken"} {
		if got, ok := ResponseType(text); ok {
			t.Errorf("%q is %q", text, got)
		}
	}
	for _, registered := range ResponseTypes() {
		if got, ok := ResponseType(registered); !ok || got != registered || !slices.Contains(ResponseTypes(), got) {
			t.Errorf("%q becomes %q, %v", registered, got, ok)
		}
	}
}

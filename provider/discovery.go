package provider

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// Values of the protocols that discovery lists and the endpoints accept.
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"

	promptNone    = "none"
	promptLogin   = "login"
	promptConsent = "consent"
	promptSelect  = "select_account"
)

func grantTypes() []string {
	return []string{
		registry.GrantAuthorizationCode, registry.GrantRefreshToken, registry.GrantDeviceCode,
		registry.GrantClientCredentials, registry.GrantPassword, registry.GrantTokenExchange, registry.GrantJWTBearer,
	}
}
func responseModes() []string { return []string{modeQuery, modeFragment, modeFormPost} }
func prompts() []string       { return []string{promptNone, promptLogin, promptConsent, promptSelect} }

// documentAge is how long clients may keep discovery documents and key sets, in seconds. A key is
// published a day before it signs.
const documentAge = "300"

// document is what OpenID Connect Discovery §3 and RFC 8414 §2 call provider metadata. It lists only
// what works.
type document struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserinfoEndpoint      string `json:"userinfo_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	DeviceEndpoint        string `json:"device_authorization_endpoint"`
	PushedEndpoint        string `json:"pushed_authorization_request_endpoint"`

	Scopes        []string `json:"scopes_supported"`
	Claims        []string `json:"claims_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Prompts       []string `json:"prompt_values_supported"`
	ACRs          []string `json:"acr_values_supported"`
	IDTokenAlgs   []string `json:"id_token_signing_alg_values_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`

	TokenAuth         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuth []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuth    []string `json:"revocation_endpoint_auth_methods_supported"`

	TokenAuthAlgs         []jose.SignatureAlgorithm `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthAlgs []jose.SignatureAlgorithm `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthAlgs    []jose.SignatureAlgorithm `json:"revocation_endpoint_auth_signing_alg_values_supported"`

	IntrospectionAlgs []string `json:"introspection_signing_alg_values_supported"` // RFC 9701 §7

	// PushedRequired is false: it is required of single clients (RFC 9126 §5).
	PushedRequired bool `json:"require_pushed_authorization_requests"`

	ClaimsParameter     bool `json:"claims_parameter_supported"`
	RequestParameter    bool `json:"request_parameter_supported"`
	RequestURIParameter bool `json:"request_uri_parameter_supported"`
	ResponseIssuer      bool `json:"authorization_response_iss_parameter_supported"`

	BackchannelLogout         bool `json:"backchannel_logout_supported"`
	BackchannelLogoutSession  bool `json:"backchannel_logout_session_supported"`
	FrontchannelLogout        bool `json:"frontchannel_logout_supported"`
	FrontchannelLogoutSession bool `json:"frontchannel_logout_session_supported"`
}

func (p *provider) describe(is issuer) document {
	var algs []string
	for _, a := range keyring.Algorithms() {
		algs = append(algs, string(a))
	}
	confidential := []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}
	any := append(confidential[:len(confidential):len(confidential)], "none")
	return document{
		Issuer:                is.url,
		AuthorizationEndpoint: is.address(authorization),
		TokenEndpoint:         is.address(tokens),
		UserinfoEndpoint:      is.address(userinfo),
		JWKSURI:               is.address(jwks),
		IntrospectionEndpoint: is.address(introspection),
		RevocationEndpoint:    is.address(revocation),
		EndSessionEndpoint:    is.address(endSession),
		DeviceEndpoint:        is.address(deviceAuthorization),
		PushedEndpoint:        is.address(pushedAuthorization),

		Scopes:        mapping.Scopes(),
		Claims:        p.claimNames(),
		ResponseTypes: registry.ResponseTypes(),
		ResponseModes: responseModes(),
		GrantTypes:    append(grantTypes(), grantImplicit),
		SubjectTypes:  []string{"public"},
		Prompts:       prompts(),
		ACRs:          []string{broker.LocalACR}, // an identity provider may say others
		IDTokenAlgs:   algs,
		Challenges:    []string{"S256"},

		TokenAuth:         any,
		IntrospectionAuth: confidential,
		RevocationAuth:    any,

		TokenAuthAlgs:         assertionAlgorithms(),
		IntrospectionAuthAlgs: assertionAlgorithms(),
		RevocationAuthAlgs:    assertionAlgorithms(),

		IntrospectionAlgs: algs,

		ResponseIssuer: true,

		BackchannelLogout: true, BackchannelLogoutSession: true,
		FrontchannelLogout: true, FrontchannelLogoutSession: true,
	}
}

// discover serves the provider metadata. Each document is rendered once: accounts come and go, but
// one that exists has always the same.
func (p *provider) discover(w http.ResponseWriter, is issuer) error {
	if known, ok := p.documents.Load(is.url); ok {
		if b, ok := known.([]byte); ok {
			writeDocument(w, b)
			return nil
		}
	}
	b, err := json.Marshal(p.describe(is))
	if err != nil {
		return unavailable(err)
	}
	p.documents.Store(is.url, b)
	writeDocument(w, b)
	return nil
}

// keySet serves the issuer's public keys (RFC 7517). A tenant that was added while this node runs
// gets its keys here or with its first token, whichever is first.
func (p *provider) keySet(w http.ResponseWriter, r *http.Request, is issuer) error {
	if err := p.keys.Ensure(r.Context(), is.keys); err != nil {
		return unavailable(err)
	}
	b, err := p.keys.KeySet(is.keys)
	if err != nil {
		return unavailable(err)
	}
	writeDocument(w, b)
	return nil
}

func writeDocument(w http.ResponseWriter, b []byte) {
	h := w.Header()
	h.Set("Cache-Control", "public, max-age="+documentAge)
	h.Set("X-Content-Type-Options", "nosniff")
	writeBytes(w, http.StatusOK, b)
}

// wellKnown is the path of RFC 8414 §3.1, where the well-known part comes before the issuer's path.
func wellKnown(base, issuerPath string) string {
	return "/.well-known/oauth-authorization-server" + strings.TrimSuffix(base, "/") + issuerPath
}

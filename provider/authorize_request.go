package provider

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/provider/login"
)

// The longest values that are stored with an attempt, in bytes.
const (
	maxState = 2048
	maxNonce = 1024
	maxHint  = 512
)

// challengeForm is an S256 code challenge: 32 bytes in base64url (RFC 7636 §4.2).
//
//nolint:gochecknoglobals // a constant in all but syntax
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// problem says why a request gets a page instead of an answer at the client's address.
func problem(p login.Problem, why string) error { return fmt.Errorf("%w: %s", p, why) }

// asking finds out who asks and where the answer goes. Until it succeeds nothing may be redirected
// (RFC 6749 §4.1.2.1), and the person sees a page.
func (p *provider) asking(is issuer, q url.Values) (*registry.Client, error) {
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(q[name]) > 1 {
			return nil, problem(login.InvalidRequest, name+" occurs more than once")
		}
	}
	registered := p.registry.Snapshot()
	client, ok := registered.Client(q.Get("client_id"))
	if !ok || is.layout.realm && !client.At(is.account) {
		return nil, problem(login.UnknownClient, "client_id is unknown")
	}
	switch {
	case !client.Usable(p.now()) || !p.tenantServes(is, client):
		return nil, problem(login.UnknownClient, "the client "+client.ID+" is disabled")
	case !client.RedirectURI(q.Get("redirect_uri")):
		return nil, problem(login.UnregisteredRedirect, "client "+client.ID)
	}
	return client, nil
}

// tenantServes reports whether the tenant that a request will end at, if it is known yet, is there and
// not switched off.
func (p *provider) tenantServes(is issuer, client *registry.Client) bool {
	account := client.Account
	if client.Platform() {
		account = is.account // empty in the shared layout
	}
	if account == "" {
		return true
	}
	tenant, ok := p.registry.Snapshot().Tenant(account)
	return ok && tenant.Enabled
}

// pinnedTenant is the tenant that a platform client's request names: by its realm, by acr_values
// (tenant:<account>), or by nothing. Account names are public, so an unknown one is simply not a name.
func (p *provider) pinnedTenant(is issuer, client *registry.Client, q url.Values) registry.Account {
	if !client.Platform() || is.account != "" {
		return is.account
	}
	for value := range strings.FieldsSeq(q.Get("acr_values")) {
		name, ok := strings.CutPrefix(value, "tenant:")
		if tenant, found := p.registry.Snapshot().Tenant(registry.Account(name)); ok && found && tenant.Enabled {
			return tenant.Account
		}
	}
	return ""
}

// authRequest reads the rest of an authorization request. Whatever it returns, the request part holds
// what is needed to answer the client: address, state and response mode.
func authRequest(is issuer, client *registry.Client, q url.Values) (broker.AuthRequest, *Fault) {
	req := broker.AuthRequest{
		Issuer: is.url, ClientID: client.ID, RequestedClientID: q.Get("client_id"),
		RedirectURI: q.Get("redirect_uri"), ResponseType: responseType(q),
		ResponseMode: responseMode(q), MaxAge: -1,
	}
	if len(q["state"]) == 1 && len(q.Get("state")) <= maxState {
		req.State = q.Get("state")
	}
	if fault := judgeForm(q); fault != nil {
		return req, fault
	}
	if fault := judgeFeatures(client, q); fault != nil {
		return req, fault
	}
	var fault *Fault
	if req.Challenge, fault = codeChallenge(client, q); fault != nil {
		return req, fault
	}
	if req.Prompt, fault = prompt(q); fault != nil {
		return req, fault
	}
	if req.MaxAge, fault = maxAge(q); fault != nil {
		return req, fault
	}
	if req.Scope, fault = requestedScope(q.Get("scope"), client, is.layout.realm); fault != nil {
		return req, fault
	}
	req.Nonce = q.Get("nonce")
	req.LoginHint = q.Get("login_hint")
	req.UILocales = strings.Fields(q.Get("ui_locales"))
	req.IDPHint = idpHint(q)
	req.DomainHint = q.Get("domain_hint")
	req.ACRValues = contexts(q)
	return req, judgeIDToken(req)
}

// modePossible reports whether an answer can be given in a mode. A browser posts no form to the
// private-use scheme of a native application.
func modePossible(mode, redirectURI string) bool {
	if mode == modeFormPost {
		return strings.HasPrefix(redirectURI, "https://") || strings.HasPrefix(redirectURI, "http://")
	}
	return slices.Contains(responseModes(), mode)
}

func judgeForm(q url.Values) *Fault {
	if repeated(q) != "" {
		return invalidRequest("A parameter occurs more than once")
	}
	for name, longest := range map[string]int{
		"state": maxState, "nonce": maxNonce, "login_hint": maxHint, "ui_locales": maxHint, "acr_values": maxHint, "domain_hint": maxHint,
	} {
		if len(q.Get(name)) > longest {
			return invalidRequest("The parameter " + name + " is too long")
		}
	}
	if mode := q.Get("response_mode"); mode != "" && !modePossible(mode, q.Get("redirect_uri")) {
		return invalidRequest("response_mode is not supported")
	}
	return nil
}

func judgeFeatures(client *registry.Client, q url.Values) *Fault {
	switch {
	case q.Get("request") != "":
		return &Fault{Code: "request_not_supported", Description: "Request objects are not supported"}
	case q.Get("request_uri") != "":
		return &Fault{Code: "request_uri_not_supported", Description: "request_uri is not supported"}
	case q.Get("registration") != "":
		return &Fault{Code: "registration_not_supported", Description: "registration is not supported"}
	}
	return judgeResponse(client, q)
}

// codeChallenge applies RFC 7636: S256 or nothing, and never nothing for a client without a secret.
// An omitted method means plain there (§4.3), which protects from nobody who sees the request.
func codeChallenge(client *registry.Client, q url.Values) (string, *Fault) {
	challenge, method := q.Get("code_challenge"), q.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return "", invalidRequest("code_challenge_method without code_challenge")
	case challenge == "" && !strings.Contains(q.Get("response_type"), wantsCode): // there is nothing to protect
		return "", nil
	case challenge == "" && (client.Public() || client.RequirePKCE):
		return "", invalidRequest("code_challenge is required")
	case challenge == "":
		return "", nil
	case method != "S256":
		return "", invalidRequest("code_challenge_method must be S256")
	case !challengeForm.MatchString(challenge):
		return "", invalidRequest("code_challenge must be 43 characters of base64url")
	}
	return challenge, nil
}

func prompt(q url.Values) ([]string, *Fault) {
	values := strings.Fields(q.Get("prompt"))
	for _, v := range values {
		if !slices.Contains(prompts(), v) {
			return nil, invalidRequest("prompt has an unknown value")
		}
	}
	if len(values) > 1 && slices.Contains(values, promptNone) {
		return nil, invalidRequest("prompt none cannot be combined with another value")
	}
	if slices.Contains(values, promptConsent) && !slices.Contains(values, promptLogin) {
		// The login page names the application, so logging in again is the consent asked for.
		values = append(values, promptLogin)
	}
	return values, nil
}

func maxAge(q url.Values) (time.Duration, *Fault) {
	value := q.Get("max_age")
	if value == "" {
		return -1, nil
	}
	seconds, err := strconv.ParseInt(value, 10, 32)
	if err != nil || seconds < 0 {
		return -1, invalidRequest("max_age must be a number of seconds")
	}
	return time.Duration(seconds) * time.Second, nil
}

// idpHint reads the connection to go to, by any of the names that applications have learned
// elsewhere. A hint that names no connection is no error: it only does not help.
func idpHint(q url.Values) string {
	for _, name := range []string{"idp", "idp_hint", "kc_idp_hint", "connection"} {
		if hint := q.Get(name); hint != "" && len(hint) <= maxHint {
			return hint
		}
	}
	for _, value := range strings.Fields(q.Get("acr_values")) {
		if hint, ok := strings.CutPrefix(value, "idp:"); ok {
			return hint
		}
	}
	return ""
}

// contexts reads acr_values without the words that ask for something else: a connection, or a tenant.
func contexts(q url.Values) []string {
	var values []string
	for _, value := range strings.Fields(q.Get("acr_values")) {
		if !strings.HasPrefix(value, "idp:") && !strings.HasPrefix(value, "tenant:") {
			values = append(values, value)
		}
	}
	return values
}

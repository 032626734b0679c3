package federation

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// Addresses are what an administrator enters at the IdP about a connection.
type Addresses struct {
	// RedirectURI is where people come back to.
	RedirectURI string
	// Keys is where the IdP fetches the keys of patchbay's, for private_key_jwt.
	Keys string
}

// Examine asks the IdP all that can be asked without a person, and says in plain words what is wrong and
// at which side. It logs nobody in.
func (o *OIDC) Examine(ctx context.Context, own Addresses) Findings {
	var f Findings
	doc := o.examineDiscovery(ctx, &f)
	if doc == nil {
		return f
	}
	if named := doc.text("issuer"); named != "" && named != o.cfg.Issuer {
		f.Fail("metadata", Here, "Copy the issuer from the identity provider, path and trailing slash included.",
			"its metadata names the issuer %q, and the connection has %q", cut(named), o.cfg.Issuer)
		return f
	}
	md, err := readMetadata(doc, o.cfg)
	if err != nil {
		f.Fail("metadata", There, "Repair the metadata.", "discovery: %v", err)
		return f
	}
	f.Good("metadata", "the issuer is %s; ID tokens are signed with %s", o.cfg.Issuer, strings.Join(md.algs, ", "))
	o.examineOffer(doc, &f)
	o.examineKeys(ctx, md, &f)
	known := o.examineClient(ctx, md, own, &f)
	o.examineRedirect(ctx, md, own.RedirectURI, known, &f)
	return f
}

// examineDiscovery returns the metadata as it is, or nil.
func (o *OIDC) examineDiscovery(ctx context.Context, f *Findings) object {
	const code = "discovery"
	address := o.discoveryURL()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		f.Unreachable(code, address, err)
		return nil
	}
	answer, err := o.client.Do(r)
	if err != nil {
		f.Unreachable(code, address, errors.Unwrap(err)) // without the address, which is named already
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	f.Clock(answer, o.cfg.Now(), o.cfg.ClockSkew)
	f.TLS(answer, o.cfg.Now())
	if answer.StatusCode == http.StatusNotFound {
		f.Fail(code, Here, "Copy the issuer from the identity provider, path and trailing slash included.",
			"%s does not exist: %q is not an issuer there", address, o.cfg.Issuer)
		return nil
	}
	if answer.StatusCode != http.StatusOK {
		f.Unreachable(code, address, statusError(answer.StatusCode))
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		f.Unreachable(code, address, err)
		return nil
	}
	doc, err := parseObject(body)
	if err != nil && bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		f.Fail(code, Here, "Check the issuer: what answers is no OpenID Provider.", "%s is a web page, not the metadata of an OpenID Provider", address)
		return nil
	}
	if err != nil {
		f.Fail(code, Here, "Check the issuer: what answers is no OpenID Provider.", "%s: %v", address, err)
		return nil
	}
	f.Good(code, "%s answers", address)
	return doc
}

// examineOffer looks at what the IdP says it supports. What it does not mention is not held against it.
func (o *OIDC) examineOffer(doc object, f *Findings) {
	for _, offer := range []struct {
		name, code, wanted, fix string
	}{
		{"code_challenge_methods_supported", "pkce", "S256", "Allow PKCE with S256: without it, a stolen code is worth more."},
		{"response_types_supported", "response_type", "code", "Allow the authorization code flow for this client."},
		{"grant_types_supported", "grant_type", "authorization_code", "Allow the authorization code grant for this client."},
	} {
		offered, ok := doc.texts(offer.name)
		if ok && len(offered) > 0 && !slices.Contains(offered, offer.wanted) {
			f.Warn(offer.code, There, offer.fix, "%s is %q, without %s", offer.name, offered, offer.wanted)
		}
	}
	if offered, ok := doc.texts("scopes_supported"); ok && len(offered) > 0 {
		for _, scope := range o.cfg.Scopes {
			if !slices.Contains(offered, scope) {
				f.Warn("scopes", Here, "Ask for scopes that there are.", "the scope %q is not among scopes_supported", scope)
			}
		}
	}
	if offered, ok := doc.texts("claims_supported"); ok && len(offered) > 0 {
		for claim := range strings.SplitSeq(o.cfg.ExternalIDClaim, "+") {
			if !slices.Contains(offered, claim) {
				f.Warn("external_id_claim", There, "Make sure that the claim is in the ID token or in userinfo.",
					"the external id is taken from %q, which is not among claims_supported", claim)
			}
		}
	}
	if doc["authorization_response_iss_parameter_supported"] != true {
		f.Good("mix_up", "callbacks carry no iss (RFC 9207); the callback's address tells whose they are")
	}
}

func (o *OIDC) examineKeys(ctx context.Context, md metadata, f *Findings) {
	const code = "jwks"
	doc, err := getObject(ctx, o.client, md.jwks, "")
	if err != nil {
		f.Unreachable(code, md.jwks, err)
		return
	}
	keys, err := readKeys(doc)
	if err != nil {
		f.Fail(code, There, "Publish an RSA key of 2048 to 8192 bits, or an EC or Ed25519 key, for signatures.", "%s: %v", md.jwks, err)
		return
	}
	listed, _ := doc["keys"].([]any)
	if unusable := len(listed) - len(keys); unusable > 0 {
		f.Good(code, "%d of %d keys can verify ID tokens", len(keys), len(listed))
		return
	}
	f.Good(code, "all %d keys can verify ID tokens", len(keys))
}

// examineClient redeems a code that does not exist. A token endpoint should authenticate the client first,
// so that its error tells whether it knew the client (RFC 6749 §3.2.1, §5.2). Not all do: only an endpoint
// that refuses a wrong secret otherwise than the code has said something about the right one. It reports whether
// the client is certainly known.
func (o *OIDC) examineClient(ctx context.Context, md metadata, own Addresses, f *Findings) bool {
	const code = "client"
	proof := o.proof(ctx, own)
	refused, err := o.redeemNothing(ctx, md, own.RedirectURI)
	switch {
	case err != nil:
		f.Unreachable(code, md.token, err)
	case refused == nil:
		f.Warn(code, There, "Ask who runs it.", "the token endpoint accepted a code that does not exist")
	case refused.code == "invalid_client", int(refused.status) == http.StatusUnauthorized:
		f.Fail(code, proof.side, proof.fix, "the token endpoint refuses client %q with its %s: %v", o.cfg.ClientID, proof.name, refused)
	case refused.code == "unauthorized_client":
		f.Fail(code, There, "Allow the authorization code grant for this client.", "client %q may not redeem codes: %v", o.cfg.ClientID, refused)
	case refused.code == "invalid_grant" && o.tellsStrangers(ctx, md, own.RedirectURI):
		f.Good(code, "the token endpoint knows client %q and its %s", o.cfg.ClientID, proof.name)
		return true
	default:
		f.Warn(code, There, "Log in once to be sure of client_id and "+proof.name+".",
			"the token endpoint's answer to an unknown code leaves open whether it knows client %q: %v", o.cfg.ClientID, refused)
	}
	return false
}

// A proof is that by which the token endpoint knows us, and what to do when it does not.
type proof struct {
	name string
	side Side
	fix  string
}

func (o *OIDC) proof(ctx context.Context, own Addresses) proof {
	if o.cfg.ClientAuth == authPrivateKeyJWT {
		key, err := o.cfg.Signer(ctx)
		if err == nil && len(key.Certificate) > 0 {
			return proof{"certificate", There, "Upload the certificate that patchbay connection certificate prints; it has the SHA-256 thumbprint " +
				thumbprint(key.Certificate) + "."}
		}
		return proof{"key", There, "Register the client for private_key_jwt, RS256, with the address of our keys and no copy of them: " + own.Keys +
			" If our key was replaced at once a moment ago, it has to fetch them anew."}
	}
	return proof{"secret", Here, "Enter client_id and secret anew; look whether the secret has expired at the identity provider."}
}

func thumbprint(certificate []byte) string { return fmt.Sprintf("%X", sha256.Sum256(certificate)) }

// redeemNothing redeems a code that does not exist and returns how it was refused, nil if it was not.
func (o *OIDC) redeemNothing(ctx context.Context, md metadata, redirectURI string) (*tokenError, error) {
	_, err := o.exchange(ctx, md, redirectURI, "patchbay-examination-"+rand.Text(), oauth2.GenerateVerifier())
	var refused *tokenError
	if errors.As(err, &refused) {
		return refused, nil
	}
	return nil, err
}

// tellsStrangers reports whether the token endpoint refuses, as such, somebody who has not our secret or key.
func (o *OIDC) tellsStrangers(ctx context.Context, md metadata, redirectURI string) bool {
	stranger := *o
	switch {
	case o.cfg.ClientAuth == authPrivateKeyJWT:
		stranger.cfg.Signer = func(ctx context.Context) (Signer, error) { return forger(o.cfg.Signer(ctx)) }
	case o.cfg.ClientSecret.Empty():
		return false
	default:
		stranger.cfg.ClientSecret = secret.New(rand.Text())
	}
	refused, err := stranger.redeemNothing(ctx, md, redirectURI)
	return err == nil && refused != nil && refused.code != "invalid_grant"
}

// forger returns a signer whose signatures are well-formed and wrong.
func forger(of Signer, err error) (Signer, error) {
	sign := of.Sign
	of.Sign = func(input []byte) ([]byte, error) { return sign(append([]byte("another "), input...)) }
	return of, err
}

// examineRedirect asks for a login without a person (prompt=none, OpenID Connect Core §3.1.2.1): nobody
// being logged in, the IdP sends the browser back with an error, if it knows where to.
func (o *OIDC) examineRedirect(ctx context.Context, md metadata, redirectURI string, known bool, f *Findings) {
	const code = "redirect_uri"
	started, err := o.Start(ctx, StartRequest{State: rand.Text(), RedirectURI: redirectURI, Prompt: "none", MaxAge: anyAge})
	if err != nil {
		f.Unreachable(code, md.authorization, err)
		return
	}
	back, status, err := o.follow(ctx, started.URL, redirectURI)
	if err != nil {
		f.Unreachable(code, md.authorization, err)
		return
	}
	switch {
	case strings.HasPrefix(back, redirectURI+"?"):
		f.Good(code, "the redirect URI is registered")
		o.judgeReturn(back, f)
	case status >= http.StatusBadRequest && known:
		f.Fail(code, There, "Register exactly this redirect URI for the client: "+redirectURI,
			"the authorization endpoint answers %d: the redirect URI is not registered for client %q", status, o.cfg.ClientID)
	case status >= http.StatusBadRequest:
		f.Fail(code, There, "Register exactly this redirect URI for the client: "+redirectURI,
			"the authorization endpoint answers %d, as it does when it does not know the client or its redirect URI", status)
	default:
		f.Warn(code, There, "Make sure that exactly this redirect URI is registered: "+redirectURI,
			"the authorization endpoint shows a page of its own, which may be its login page or a refusal")
	}
}

// maxHops is how many redirects of its own an IdP may need before it sends the browser back.
const maxHops = 5

// follow asks an address as a browser without cookies would, as far as the first redirect to target or the
// first answer that is none, and returns where that leads, if anywhere, and its status.
func (o *OIDC) follow(ctx context.Context, address, target string) (location string, status int, err error) {
	client := *o.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for range maxHops {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return "", 0, err
		}
		answer, err := client.Do(r)
		if err != nil {
			return "", 0, errors.Unwrap(err)
		}
		_ = answer.Body.Close()
		next, err := answer.Location()
		if err != nil || strings.HasPrefix(next.String(), target) {
			return answer.Header.Get("Location"), answer.StatusCode, nil //nolint:nilerr // no Location, or a bad one: this is the last answer
		}
		address = next.String()
	}
	return "", 0, fmt.Errorf("more than %d redirects", maxHops)
}

// judgeReturn looks at the error that came back, which should be that nobody is logged in.
func (o *OIDC) judgeReturn(back string, f *Findings) {
	u, err := url.Parse(back)
	if err != nil {
		return
	}
	q := u.Query()
	switch said := q.Get("error"); said {
	case "login_required", "interaction_required", "account_selection_required", "consent_required", "":
	case "unauthorized_client", "unsupported_response_type":
		f.Fail("authorization", There, "Allow the authorization code flow for this client.", "the authorization endpoint answers %q", cut(said))
	case "invalid_scope":
		f.Fail("authorization", Here, "Ask for scopes that the client may have.", "the authorization endpoint answers %q", cut(said))
	default:
		f.Warn("authorization", There, "Look up the error in the identity provider's log.",
			"the authorization endpoint answers %q: %q", cut(said), cut(q.Get("error_description")))
	}
	if iss := q.Get("iss"); iss != "" && iss != o.cfg.Issuer {
		f.Fail("iss", Here, "Configure the issuer that the identity provider names.", "callbacks come with iss %q, not %q", cut(iss), o.cfg.Issuer)
	}
}

package saml

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/patchbay-auth/patchbay/federation"
)

// codeRequest is the code of all findings about a login request.
const codeRequest = "login_request"

// examineRequest sends a login request that must not show a page (IsPassive, SAML Core §3.4.1). Nobody
// being logged in, an IdP that knows us answers with a status of its own.
func (s *SAML) examineRequest(ctx context.Context, d *idp, f *federation.Findings) {
	location, _ := d.sso.location(s.cfg.RequestBinding)
	if location == "" {
		return // examineAddresses has said so
	}
	r, err := s.probe(ctx, d)
	switch {
	case err != nil:
		f.Unreachable(codeRequest, location, err)
	case r.params == nil:
		s.examinePage(ctx, d, r, f)
	default:
		s.examineAnswer(ctx, d, r, f)
	}
}

// signs reports whether requests to the IdP are signed.
func (s *SAML) signs(d *idp) bool { return s.cfg.SignRequests || d.wantsSigned }

func (s *SAML) register() string {
	return fmt.Sprintf("Register this connection there by its metadata: entity ID %s, assertion consumer service %s.", s.entityID(), s.consumer())
}

// A reply is what the IdP says to a browser that brings a request: something to take to us, or a page.
type reply struct {
	params url.Values
	status int
	page   []byte
	// base is what the service provider's addresses begin with.
	base string
}

func (s *SAML) probe(ctx context.Context, d *idp) (reply, error) {
	message := s.authnRequest(memo{Request: newID(), Contexts: s.cfg.AuthnContexts}, false, s.cfg.Now())
	message.CreateAttr("IsPassive", "true")
	location, form, err := s.dispatch(ctx, dispatch{
		message: message, kind: "SAMLRequest", relayState: newID(), endpoints: d.sso, binding: s.cfg.RequestBinding, sign: s.signs(d),
	})
	if err != nil {
		return reply{}, err
	}
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	answer, err := s.ask(ctx, method, location, form)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	page, err := io.ReadAll(io.LimitReader(answer.Body, maxPage))
	if err != nil {
		return reply{}, err
	}
	r := reply{status: answer.StatusCode, page: page, params: formParams(page), base: s.cfg.Base}
	if to, err := answer.Location(); err == nil && strings.HasPrefix(to.String(), s.consumer()+"?") {
		r.params = to.Query()
	}
	return r, nil
}

// examineAnswer judges what the IdP has us read. Nobody is logged in by it: it is only talked about.
func (s *SAML) examineAnswer(ctx context.Context, d *idp, r reply, f *federation.Findings) {
	root, err := s.receive(ctx, d, r.params)
	switch {
	case err != nil && r.params.Has("SAMLart"):
		f.Fail("artifact_resolution", federation.There, "Let this machine reach the address for that, and give the identity provider our present certificate: what we ask there is signed. "+
			s.register(), "the identity provider answers with an artifact that it does not resolve: %v", err)
		return
	case err != nil:
		f.Fail(codeRequest, federation.There, "Look whether another program there changes its answers.", "the identity provider's answer cannot be read: %v", err)
		return
	}
	how := "an unsigned"
	if s.signs(d) {
		how = "a signed"
	}
	var refused *federation.ResponseError
	switch status := checkStatus(root); {
	case !errors.As(status, &refused):
		f.Warn(codeRequest, federation.There, "Ask who runs it.", "the identity provider logs somebody in who has not been asked for a password")
	case refused.Code == statusNoPassive:
		f.Good(codeRequest, "the identity provider knows this connection and takes %s request", how)
	default:
		side, fix := s.remedy(refused.Code)
		f.Fail(codeRequest, side, fix, "the identity provider answers %s request with the status %s %q", how, refused.Code, refused.Description)
		return
	}
	examineSignature(root, d, f)
}

// remedy returns what to do about a status of the IdP's (SAML Core §3.2.2.2).
func (s *SAML) remedy(status string) (federation.Side, string) {
	switch strings.TrimPrefix(status, statusPrefix) {
	case "InvalidNameIDPolicy":
		return federation.Here, "Leave name_id_format out, or say one that the identity provider has for this connection."
	case "NoAuthnContext":
		return federation.Here, "Leave acr_values out, or say one that the identity provider confirms."
	case "UnsupportedBinding":
		return federation.Here, "Change response_binding: the identity provider cannot answer in this one."
	}
	return federation.There, s.register()
}

// examineSignature looks at the signature of an answer, if it has one: logins will have the like.
func examineSignature(root *etree.Element, d *idp, f *federation.Findings) {
	const code = "signature"
	_, err := verify(root, d.certificates)
	switch {
	case errors.Is(err, errSigner):
		f.Fail(code, federation.There, "Publish the certificate of the key that it signs with, in the metadata that is configured here.",
			"the identity provider signs with a key that its metadata does not name")
	case err != nil:
		f.Fail(code, federation.There, "Sign with RSA or ECDSA and SHA-256.", "the identity provider's signature would be refused: %v", err)
	}
}

// examinePage says why the IdP may be showing a page. Pages are in every language and few have a status; so it is
// compared with those that two others get who must be refused.
func (s *SAML) examinePage(ctx context.Context, d *idp, ours reply, f *federation.Findings) {
	nobody := *s
	nobody.cfg.Base += "/nobody" // a service provider that is registered nowhere
	toNobody, err := nobody.probe(ctx, d)
	if err != nil {
		location, _ := d.sso.location(s.cfg.RequestBinding)
		f.Unreachable(codeRequest, location, err)
		return
	}
	switch {
	case ours.asks() && ours.like(toNobody):
		f.Warn(codeRequest, federation.There, "Log in once to be sure. "+s.register(),
			"the identity provider shows a page to log in at to anybody, so that it stays open whether it knows this connection")
	case ours.asks():
		f.Good(codeRequest, "the identity provider knows this connection, and shows a page to log in at")
	case !ours.like(toNobody) && s.signs(d) && s.likeForged(ctx, d, ours):
		f.Fail(codeRequest, federation.There, "Load our metadata anew, which has our present certificate: "+s.entityID(),
			"the identity provider knows this connection and does not believe our signature: %v", ours)
	case !ours.like(toNobody):
		f.Fail(codeRequest, federation.There, "Look into the identity provider's log. "+s.register(), "the identity provider refuses our request: %v", ours)
	case ours.status < http.StatusBadRequest && ours.words() < fewWords:
		f.Warn(codeRequest, federation.There, "Log in once to be sure. "+s.register(),
			"the identity provider shows a page, which may be its login page or a refusal: %v", ours)
	default:
		f.Fail(codeRequest, federation.There, s.register(), "the identity provider answers as it does to somebody whom it does not know: %v", ours)
	}
}

// likeForged reports whether the IdP shows the same page when another key has signed.
func (s *SAML) likeForged(ctx context.Context, d *idp, ours reply) bool {
	private, err := rsa.GenerateKey(rand.Reader, forgedBits)
	if err != nil {
		return false
	}
	forger := *s
	forger.cfg.Store = forged{s.cfg.Store, private}
	r, err := forger.probe(ctx, d)
	return err == nil && ours.like(r)
}

// forgedBits is what every IdP takes for a real key.
const forgedBits = 2048

// forged is a Store whose keys do not belong to their certificates.
type forged struct {
	Store
	private *rsa.PrivateKey
}

func (f forged) Keys(ctx context.Context) ([]Key, error) {
	keys, err := f.Store.Keys(ctx)
	keys = slices.Clone(keys)
	for i := range keys {
		keys[i].Private = f.private
	}
	return keys, err
}

package saml

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

// Examine asks the IdP all that can be asked without a person, and says in plain words what is wrong and
// at which side. It logs nobody in.
func (s *SAML) Examine(ctx context.Context) federation.Findings {
	var f federation.Findings
	idp := s.examineMetadata(ctx, &f)
	if idp == nil {
		return f
	}
	s.examineCertificates(idp, &f)
	s.examineAddresses(idp, &f)
	s.examineOwnKeys(ctx, &f)
	s.examineRequest(ctx, idp, &f)
	return f
}

// examineMetadata returns what the metadata says now, or nil.
func (s *SAML) examineMetadata(ctx context.Context, f *federation.Findings) *idp {
	const code = "metadata"
	text := s.cfg.Metadata
	if s.cfg.MetadataURL != "" {
		if text = s.examineSource(ctx, f); text == nil {
			return nil
		}
	}
	d, err := readMetadata(text, s.cfg)
	if err != nil && isWebPage(text) {
		f.Fail(code, federation.Here, "Configure the address at which the identity provider publishes its metadata, which is XML. If this is it, it answers with a page: look at it in a browser.",
			"it is a web page that says %q, not metadata", wording(text))
		return nil
	}
	if err != nil {
		f.Fail(code, federation.There, "Use the metadata of the identity provider itself; with several in one document, name one with entity_id.", "%v", err)
		return nil
	}
	f.Good(code, "the identity provider is %s", d.entityID)
	switch until := d.validUntil; {
	case until.IsZero():
	case s.cfg.MetadataURL != "" && s.cfg.Now().Before(until):
		f.Good("valid_until", "the metadata is valid until %s, and is fetched again before", until.UTC().Format(time.RFC3339))
	default:
		f.Certificate("valid_until", "the metadata", time.Time{}, until, s.cfg.Now())
	}
	return d
}

func (s *SAML) examineSource(ctx context.Context, f *federation.Findings) []byte {
	const code = "metadata_url"
	address := s.cfg.MetadataURL
	answer, err := s.ask(ctx, http.MethodGet, address, nil)
	if err != nil {
		f.Unreachable(code, address, err)
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	f.Clock(answer, s.cfg.Now(), s.cfg.ClockSkew)
	f.TLS(answer, s.cfg.Now())
	if answer.StatusCode != http.StatusOK {
		f.Fail(code, federation.Here, "Check the configured address.", "%s: answered status %d", address, answer.StatusCode)
		return nil
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		f.Unreachable(code, address, err)
		return nil
	}
	f.Good(code, "%s answers", address)
	return text
}

// examineCertificates looks at dates. They decide nothing here, but many IdPs change the certificate when
// the old one ends, and then those who were not told are cut off.
func (s *SAML) examineCertificates(d *idp, f *federation.Findings) {
	const code = "certificate"
	for _, c := range d.certificates {
		name := "the signing certificate " + fingerprint(c.Raw)
		now := s.cfg.Now()
		if until := c.NotAfter; !now.Before(until) {
			f.Warn(code, federation.There, "Replace it; until then it is still accepted here.", "%s expired on %s", name, until.UTC().Format(time.DateOnly))
			continue
		}
		f.Certificate(code, name, time.Time{}, c.NotAfter, now) // one that begins later is for later
	}
	for _, err := range d.unusable {
		f.Warn(code, federation.There, "Sign with RSA of 2048 to 8192 bits, or with ECDSA.", "the metadata has a signing certificate that cannot be used: %v", err)
	}
	if s.cfg.MetadataURL == "" {
		f.Warn("rollover", federation.Here, "Configure metadata_url, so that new certificates are learned before they are used.",
			"the metadata is a copy: when the identity provider changes its certificate, logins fail until the copy is replaced")
	}
}

func (s *SAML) examineAddresses(d *idp, f *federation.Findings) {
	location, binding := d.sso.location(s.cfg.RequestBinding)
	switch {
	case location == "":
		f.Fail("single_sign_on", federation.There, "Offer HTTP-Redirect or HTTP-POST.", "the metadata names no address for login requests")
	case binding != s.cfg.RequestBinding:
		f.Warn("single_sign_on", federation.Here, "Set request_binding: "+string(binding), "login requests go by %s, because there is no address for %s",
			binding, s.cfg.RequestBinding)
	default:
		f.Good("single_sign_on", "login requests go to %s", location)
	}
	if to, ok := d.slo[bindingRedirect]; !ok {
		f.Warn("single_logout", federation.There, "Offer single logout by HTTP-Redirect, if logging out here shall reach the identity provider.",
			"the metadata names no address for logout requests by redirect")
	} else {
		f.Good("single_logout", "logout requests go to %s", to.location)
	}
	if s.cfg.ResponseBinding == BindingArtifact && len(d.artifacts) == 0 {
		f.Fail("artifact_resolution", federation.There, "Offer artifact resolution, or set response_binding: post here.",
			"response_binding is artifact, and the metadata names no artifact resolution service")
	}
}

// ownCertificateSoon leaves time for the notice that rotate-key gives, and for people to act on it.
const ownCertificateSoon = 60 * 24 * time.Hour

func (s *SAML) examineOwnKeys(ctx context.Context, f *federation.Findings) {
	const code = "own_key"
	var current Key
	keys, err := s.cfg.Store.Keys(ctx)
	now := s.cfg.Now() // the first key may have been made just then
	if err == nil {
		current, err = federation.Signing(keys, now)
	}
	if err != nil {
		f.Fail(code, federation.Here, "Look at the state database and the key file.", "the connection's own key: %v", err)
		return
	}
	until := current.Certificate.NotAfter
	if now.Add(ownCertificateSoon).After(until) {
		f.Warn(code, federation.Here, "Announce the next key with patchbay connection rotate-key.",
			"our own certificate ends on %s, and some identity providers heed that", until.UTC().Format(time.DateOnly))
	} else {
		f.Good(code, "our own certificate is valid until %s", until.UTC().Format(time.DateOnly))
	}
	for _, k := range keys {
		if k.UseFrom.After(now) {
			f.Warn(code, federation.There, "Load our metadata anew before then: "+s.entityID(), "our next key signs from %s on", k.UseFrom.UTC().Format(time.RFC3339))
		}
	}
}

// ask sends a request as a browser that has just been opened would, and follows redirects within the host.
// The answer's body is the caller's to close.
func (s *SAML) ask(ctx context.Context, method, address string, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := *s.source.client
	if client.Jar, err = cookiejar.New(nil); err != nil {
		return nil, err
	}
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 5 || r.URL.Scheme != via[0].URL.Scheme || r.URL.Host != via[0].URL.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, errors.Unwrap(err) // without the address, which is named already
	}
	return answer, nil
}

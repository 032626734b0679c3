package mapping

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How a connection's e-mail addresses become trustworthy: the values of Env.EmailTrust.
const (
	// TrustClaim believes the IdP's email_verified, and only for the address in its email claim.
	TrustClaim = "claim"
	// TrustDomain believes every address in a domain that the tenant has proven to own, for IdPs that
	// send no email_verified, unless the IdP says in so many words that it is not verified.
	TrustDomain = "domain"
)

// maxEmail is the longest address SMTP can carry (RFC 5321 §4.5.3.1.3, without the brackets).
const maxEmail = 254

// splitEmail takes one plain address apart (RFC 5322 addr-spec without quoting, comments or a display
// name). The domain is a host name in ASCII; an internationalised one must come in its A-label form.
func splitEmail(address string) (local, domain string, ok bool) {
	local, domain, found := strings.Cut(address, "@")
	if !found || len(address) > maxEmail || !utf8.ValidString(address) {
		return "", "", false
	}
	if local == "" || strings.ContainsFunc(local, notInLocalPart) || !isHostname(domain) {
		return "", "", false
	}
	return local, domain, true
}

func notInLocalPart(r rune) bool {
	if r < utf8.RuneSelf {
		return !isAlnum(byte(r)) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r) //nolint:gosec // it is ASCII
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.N)
}

// isHostname reports whether s is a host name with at least one dot, in any case (RFC 1123 §2.1).
func isHostname(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isAlnum(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

// believeEmail reports why address, which the identity is said to have, may not be relied upon; the
// empty string means that it may.
func (r *rule) believeEmail(id Identity, env Env, address string) (why string) {
	if address == "" {
		return "the identity has no e-mail address"
	}
	_, domain, ok := splitEmail(address)
	if !ok {
		return "the e-mail address is not one plain address"
	}
	if required := r.Require.domains(); len(required) > 0 {
		if why := requireDomain(required, env, domain); why != "" {
			return why
		}
	}
	switch {
	case env.EmailTrust == TrustDomain:
		if id.deniesEmail() {
			return "the identity provider says that the e-mail address is not verified"
		}
		if !owns(env, domain) {
			return "domain " + domain + " is not a verified domain of the tenant"
		}
	case !id.EmailVerified:
		return "the identity provider does not say that the e-mail address is verified"
	case foldASCII(address) != foldASCII(id.Email):
		return "email_verified speaks of the claim email, which is another address"
	}
	return ""
}

func requireDomain(required []string, env Env, domain string) (why string) {
	for _, want := range required {
		if foldASCII(want) == foldASCII(domain) {
			if !owns(env, want) {
				return "domain " + want + " is not a verified domain of the tenant"
			}
			return ""
		}
	}
	return "domain " + domain + " is not among those the rule requires"
}

func owns(env Env, domain string) bool { return env.Owns != nil && env.Owns(foldASCII(domain)) }

// deniesEmail reports whether the IdP sent email_verified: false, which is more than silence.
func (id Identity) deniesEmail() bool {
	switch v := id.Claims["email_verified"].(type) {
	case bool:
		return !v
	case string:
		return foldASCII(v) != "true"
	}
	return false
}

func (r *Require) domains() []string {
	if r == nil {
		return nil
	}
	return r.Domain
}

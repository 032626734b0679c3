package resource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// ErrInvalid means that a token must not be accepted. The text around it is for logs: it says why and
// quotes nothing of the token.
var ErrInvalid = errors.New("access token is not valid")

// leeway is how far the issuer's clock may be ahead of ours. It does not prolong a token's life.
const leeway = 10 * time.Second

// maxToken bounds what is looked at, in bytes. patchbay mints no longer tokens.
const maxToken = 16 << 10

// Config says which tokens an API accepts.
type Config struct {
	// Issuers are the issuers whose tokens are accepted, exactly as discovery spells them. Required.
	// They must be https, except on loopback.
	Issuers []string
	// Audience must be among a token's aud: the name of the API, such as "contact-centre", or
	// "<issuer>/resources", which every token of an issuer has. Required.
	Audience string
	// AllowPlainType accepts the typ "JWT" beside "at+jwt" (RFC 9068), for clients that are
	// configured to get such tokens.
	AllowPlainType bool
	// Introspection makes the issuer judge every token; nil judges locally.
	Introspection *Introspection
	// Realm is named in challenges; empty means Audience.
	Realm string
	// Client fetches metadata, keys and introspection answers; nil means one that follows no
	// redirects. Every call is bounded by five seconds besides.
	Client *http.Client
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// A Verifier judges access tokens. It is safe for concurrent use.
type Verifier struct {
	config  Config
	issuers map[string]*keySet
	asker   *asker // nil when tokens are judged locally
}

// New returns a Verifier. It asks nobody yet, so that an API may start before its issuer.
func New(c Config) (*Verifier, error) {
	switch {
	case len(c.Issuers) == 0:
		return nil, errors.New("resource: Issuers is empty")
	case c.Audience == "":
		return nil, errors.New("resource: Audience is empty: without it any API's token would do")
	}
	for _, iss := range c.Issuers {
		if err := checkAddress(iss); err != nil {
			return nil, fmt.Errorf("resource: issuer %q: %w", iss, err)
		}
	}
	if c.Client == nil {
		c.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Realm == "" {
		c.Realm = c.Audience
	}
	v := &Verifier{config: c, issuers: map[string]*keySet{}}
	for _, iss := range c.Issuers {
		v.issuers[iss] = newKeySet(iss, c.Client, c.Now)
	}
	if c.Introspection != nil {
		var err error
		if v.asker, err = newAsker(c); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Verify returns a good token. An error that does not wrap ErrInvalid means that the token could not
// be judged, because the issuer did not answer.
func (v *Verifier) Verify(ctx context.Context, raw string) (*Token, error) {
	if len(raw) > maxToken {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrInvalid, len(raw))
	}
	if v.asker != nil {
		return v.ask(ctx, raw)
	}
	return v.verifyLocally(ctx, raw)
}

// judge checks what is this API's own to check, whoever verified the token.
func (v *Verifier) judge(c claims) error {
	now := v.config.Now()
	switch {
	case !slices.Contains(v.config.Issuers, c.Issuer):
		return fmt.Errorf("%w: its issuer is not accepted here", ErrInvalid)
	case !slices.Contains(c.Audience, v.config.Audience):
		return fmt.Errorf("%w: %q is not in its audience", ErrInvalid, v.config.Audience)
	case c.Subject == "" || c.ClientID == "" || c.ID == "" || c.Expires == 0:
		return fmt.Errorf("%w: it lacks one of sub, client_id, jti and exp", ErrInvalid)
	case c.Nonce != nil || c.Party != nil:
		return fmt.Errorf("%w: it is an ID token", ErrInvalid)
	case now.Unix() >= c.Expires:
		return fmt.Errorf("%w: it has expired", ErrInvalid)
	case now.Add(leeway).Unix() < max(c.NotBefore, c.IssuedAt):
		return fmt.Errorf("%w: it is not good yet", ErrInvalid)
	}
	return nil
}

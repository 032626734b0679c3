package federation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/oauth2"
)

// The ways to authenticate at a token endpoint (OpenID Connect Core 1.0 §9).
const (
	authBasic         = "client_secret_basic"
	authPost          = "client_secret_post"
	authPrivateKeyJWT = "private_key_jwt"
)

// assertionLifetime bounds a client assertion, which is used at once.
const assertionLifetime = time.Minute

// A Signer is a key of patchbay's at one identity provider.
type Signer struct {
	KeyID, Algorithm string
	// Certificate, in DER form, is by what the identity provider knows the key, if that is not the KeyID.
	Certificate []byte
	// Sign returns the JWS signature of its input (RFC 7515 §5.1).
	Sign func([]byte) ([]byte, error)
}

// header names the key in one way: an identity provider that looks for a thumbprint may take a kid for another.
func (s Signer) header() map[string]any {
	header := map[string]any{"alg": s.Algorithm, "typ": "JWT"}
	if len(s.Certificate) == 0 {
		header["kid"] = s.KeyID
		return header
	}
	thumbprint := sha256.Sum256(s.Certificate)
	header["x5t#S256"] = base64.RawURLEncoding.EncodeToString(thumbprint[:]) // RFC 7515 §4.1.8
	return header
}

func (c Config) checkClientAuth() error {
	switch c.ClientAuth {
	case "":
	case authBasic, authPost:
		if c.ClientSecret.Empty() {
			return fmt.Errorf("%s needs a client_secret", c.ClientAuth)
		}
	case authPrivateKeyJWT:
		if c.Signer == nil {
			return fmt.Errorf("%s needs a key", c.ClientAuth)
		}
	default:
		return fmt.Errorf("%q is not one of [%s %s %s]", c.ClientAuth, authBasic, authPost, authPrivateKeyJWT)
	}
	return nil
}

// readAuthStyle decides how patchbay authenticates, once: trying both ways, as x/oauth2 does when
// it is not told, would present the same code twice.
func (md *metadata) readAuthStyle(doc object, cfg Config) error {
	const name = "token_endpoint_auth_methods_supported"
	methods, ok := doc.texts(name)
	if !ok {
		return fmt.Errorf("%s: is not an array of strings", name)
	}
	if len(methods) == 0 {
		methods = []string{authBasic} // the default of OpenID Connect Discovery 1.0 §3
	}
	wanted := cfg.ClientAuth
	switch {
	case wanted != "" && !slices.Contains(methods, wanted):
		return fmt.Errorf("%s: %q lacks the configured %s", name, methods, wanted)
	case wanted == authPrivateKeyJWT, wanted == authPost, wanted == "" && cfg.ClientSecret.Empty():
		md.authStyle = oauth2.AuthStyleInParams
	case wanted == authBasic, slices.Contains(methods, authBasic):
		md.authStyle = oauth2.AuthStyleInHeader
	case slices.Contains(methods, authPost):
		md.authStyle = oauth2.AuthStyleInParams
	default:
		return fmt.Errorf("%s: %q has neither %s nor %s", name, methods, authBasic, authPost)
	}
	return nil
}

// assertion returns the parameters that authenticate patchbay by its key (RFC 7523 §2.2); none for the
// other ways.
func (o *OIDC) assertion(ctx context.Context, md metadata) ([]oauth2.AuthCodeOption, error) {
	if o.cfg.ClientAuth != authPrivateKeyJWT {
		return nil, nil
	}
	key, err := o.cfg.Signer(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: client assertion: %w", ErrOurs, err)
	}
	header, err := json.Marshal(key.header())
	if err != nil {
		return nil, err
	}
	now := o.cfg.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": o.cfg.ClientID, "sub": o.cfg.ClientID, "aud": md.token, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLifetime).Unix(),
	})
	if err != nil {
		return nil, err
	}
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	signature, err := key.Sign([]byte(input))
	if err != nil {
		return nil, fmt.Errorf("%w: client assertion: %w", ErrOurs, err)
	}
	return []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
		oauth2.SetAuthURLParam("client_assertion", input+"."+base64.RawURLEncoding.EncodeToString(signature)),
	}, nil
}

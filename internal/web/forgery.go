package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// FormTokenField is the name of the form field that carries a form token.
const FormTokenField = "form_token"

// ErrForged means that a form did not come from one of our pages in the same browser. Cookies that
// are switched off look the same.
var ErrForged = errors.New("form was not sent from this site's page")

const (
	maskSize = 16
	tokenUse = "patchbay form 1" //nolint:gosec // what tokens are for, not one
)

// FormToken returns a token for a form of the browser that holds binding. Purpose names what the
// form does and to what, so that a token taken from one form is of no use in another.
//
// The token is a message authentication code under the binding cookie, which scripts and other
// sites cannot read; the server keeps nothing. Each token is masked by a random value, so that a
// compressing proxy leaks nothing about it (BREACH).
func (s *Site) FormToken(binding, purpose string) string {
	mask := make([]byte, maskSize)
	_, _ = rand.Read(mask) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(append(mask, formMAC(binding, purpose, mask)...))
}

// CheckForm returns an error that wraps ErrForged unless the form that r carries was rendered for
// this browser and this purpose, and was sent from a page of this site. It reads r.PostForm.
func (s *Site) CheckForm(r *http.Request, purpose string) error {
	if err := s.checkSource(r); err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("reading a form: %w", err)
	}
	binding := s.Binding(r)
	if binding == "" {
		return fmt.Errorf("%w: no binding cookie", ErrForged)
	}
	token, err := base64.RawURLEncoding.DecodeString(r.PostForm.Get(FormTokenField))
	if err != nil || len(token) != maskSize+sha256.Size {
		return fmt.Errorf("%w: malformed %s", ErrForged, FormTokenField)
	}
	mask, mac := token[:maskSize], token[maskSize:]
	if !hmac.Equal(mac, formMAC(binding, purpose, mask)) {
		return fmt.Errorf("%w: %s is another form's or another browser's", ErrForged, FormTokenField)
	}
	return nil
}

// checkSource asks the browser itself where the request comes from. Browsers too old to say leave
// the decision to the token.
func (s *Site) checkSource(r *http.Request) error {
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "", "same-origin", "none":
	default:
		return fmt.Errorf("%w: Sec-Fetch-Site is %q", ErrForged, site)
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != s.Origin() {
		return fmt.Errorf("%w: Origin is %q", ErrForged, origin)
	}
	return nil
}

func formMAC(binding, purpose string, mask []byte) []byte {
	mac := hmac.New(sha256.New, []byte(binding))
	_, _ = io.WriteString(mac, tokenUse)
	_, _ = mac.Write(mask) // of fixed size, so that no two inputs run together
	_, _ = io.WriteString(mac, purpose)
	return mac.Sum(nil)
}

package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// Binding returns the browser's binding cookie: a random value that ties login attempts to the
// browser that began them. It is empty when the browser has none.
func (s *Site) Binding(r *http.Request) string {
	value := s.cookie(r, s.bindingName())
	if len(value) < len(rand.Text()) {
		return ""
	}
	return value
}

// EnsureBinding returns the browser's binding cookie, and sets one first if there is none.
func (s *Site) EnsureBinding(w http.ResponseWriter, r *http.Request) string {
	if value := s.Binding(r); value != "" {
		return value
	}
	value := rand.Text() + rand.Text()
	s.setCookie(w, s.bindingName(), value, 0)
	return value
}

// Session returns the session cookie for an issuer, or "".
func (s *Site) Session(r *http.Request, issuer string) string {
	return s.cookie(r, s.sessionName(issuer))
}

// SetSession gives the browser a session at an issuer, until the browser is closed or the session
// ends at the server.
func (s *Site) SetSession(w http.ResponseWriter, issuer, token string) {
	s.setCookie(w, s.sessionName(issuer), token, 0)
}

// ClearSession takes the session at an issuer away from the browser.
func (s *Site) ClearSession(w http.ResponseWriter, issuer string) {
	s.setCookie(w, s.sessionName(issuer), "", -1)
}

// Known returns the cookie by which the browser shows whom it has logged in before, or "".
func (s *Site) Known(r *http.Request) string { return s.cookie(r, s.knownName()) }

// SetKnown stores it for as long as browsers keep a cookie that is renewed now and then: most of them
// cut longer ages to 400 days.
func (s *Site) SetKnown(w http.ResponseWriter, value string) {
	s.setCookie(w, s.knownName(), value, int(knownAge.Seconds()))
}

// Home returns the cookie by which the browser shows where it logged in last, or "".
func (s *Site) Home(r *http.Request) string { return s.cookie(r, s.homeName()) }

// SetHome stores it for as long as a known browser is.
func (s *Site) SetHome(w http.ResponseWriter, value string) {
	s.setCookie(w, s.homeName(), value, int(knownAge.Seconds()))
}

const knownAge = 400 * 24 * time.Hour

func (s *Site) cookie(r *http.Request, name string) string {
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 { // two of one name: one of them was planted
		return ""
	}
	return cookies[0].Value
}

func (s *Site) setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // without Secure on a loopback http address only
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: s.secure, HttpOnly: true,
		// Lax, not Strict: the callback from an IdP is a navigation from another site.
		SameSite: http.SameSiteLaxMode,
	})
}

func (s *Site) bindingName() string { return s.cookieName("browser", s.base.String()) }

func (s *Site) knownName() string { return s.cookieName("known", s.base.String()) }

func (s *Site) homeName() string { return s.cookieName("home", s.base.String()) }

func (s *Site) sessionName(issuer string) string { return s.cookieName("session", issuer) }

// cookieName hashes the owner into the name: cookies are shared by all ports and paths of a host,
// and several issuers, or on a developer's machine several patchbays, live on one.
func (s *Site) cookieName(kind, owner string) string {
	sum := sha256.Sum256([]byte(owner))
	name := "patchbay-" + kind + "-" + hex.EncodeToString(sum[:6])
	if s.secure {
		// Browsers take __Host- cookies only from this host, over https, with Path=/ and no Domain.
		return "__Host-" + name
	}
	return name
}

package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// A Policy is what a page may do besides showing itself. The zero Policy allows nothing: no style,
// no script, no form.
type Policy struct {
	// Style and Script are the inline style sheet and script, exactly as between their tags.
	Style, Script string
	// Frames are addresses that the page shows in frames; all of each origin are allowed. See OriginOf.
	Frames []string
	// FormOwn allows forms that lead to this site.
	FormOwn bool
	// FormHTTPS allows forms that lead anywhere by https: to sites that hand over to others.
	FormHTTPS bool
	// FormTargets are further addresses that a form may lead to, also by the redirect that answers
	// it; the rest of each address is ignored. See OriginOf.
	FormTargets []string
}

// Protect sets the headers of a page.
func (s *Site) Protect(h http.Header, p Policy) {
	h.Set("Content-Security-Policy", p.String())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	// Not no-referrer: it would make the Origin of our own forms "null" (Fetch §3.2), and CheckForm
	// could no longer tell them from a stranger's. Other sites learn nothing either way.
	h.Set("Referrer-Policy", "same-origin")
	// No Cross-Origin-Opener-Policy: clients open the login in a popup and wait for it to report back.
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// String returns the value of the Content-Security-Policy header.
func (p Policy) String() string {
	directives := []string{"default-src 'none'"}
	if p.Style != "" {
		directives = append(directives, "style-src "+hashSource(p.Style))
	}
	if p.Script != "" {
		directives = append(directives, "script-src "+hashSource(p.Script))
	}
	if frames := origins(p.Frames); len(frames) > 0 {
		directives = append(directives, "frame-src "+strings.Join(frames, " "))
	}
	directives = append(directives, "form-action "+p.formAction(), "frame-ancestors 'none'", "base-uri 'none'")
	return strings.Join(directives, "; ")
}

func (p Policy) formAction() string {
	var sources []string
	if p.FormOwn {
		sources = append(sources, "'self'")
	}
	if p.FormHTTPS {
		sources = append(sources, "https:")
	}
	sources = append(sources, origins(p.FormTargets)...)
	if len(sources) == 0 {
		return "'none'"
	}
	return strings.Join(sources, " ")
}

// origins returns the origin of each address that has one, once.
func origins(addresses []string) []string {
	var list []string
	for _, address := range addresses {
		if origin := OriginOf(address); origin != "" && !slices.Contains(list, origin) {
			list = append(list, origin)
		}
	}
	return list
}

func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

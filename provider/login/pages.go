package login

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/web"
)

//go:embed templates messages
var files embed.FS

// PagesConfig is what pages need.
type PagesConfig struct {
	Site *web.Site
	// Log receives what went wrong. Nil means slog.Default.
	Log *slog.Logger
	// Now reports the time, which error pages show for support. Nil means time.Now.
	Now func() time.Time
}

// Pages renders every page for people, in their language. It is safe for concurrent use.
type Pages struct {
	site      *web.Site
	log       *slog.Logger
	now       func() time.Time
	texts     *web.Catalogue
	templates map[string]*template.Template // by the file's name without .html; never changed
	style     string
	script    string // of the form_post page
	goOn      string // of the logged-out page
	postOn    string // likewise, by its form
}

// NewPages reads the embedded templates and messages.
func NewPages(c PagesConfig) (*Pages, error) {
	p := &Pages{site: c.Site, log: c.Log, now: c.Now, templates: map[string]*template.Template{}}
	if p.log == nil {
		p.log = slog.Default()
	}
	if p.now == nil {
		p.now = time.Now
	}
	messages, err := fs.Sub(files, "messages")
	if err != nil {
		return nil, err
	}
	if p.texts, err = web.LoadCatalogue(messages, "en", "nb"); err != nil {
		return nil, err
	}
	for name, text := range map[string]*string{"style.css": &p.style, "formpost.js": &p.script, "loggedout.js": &p.goOn, "loggedout_post.js": &p.postOn} {
		data, err := files.ReadFile("templates/" + name)
		if err != nil {
			return nil, err
		}
		*text = strings.TrimSpace(string(data))
	}
	for _, name := range []string{"login", "name", "offer", "problem", "leave", "formpost", "logout", "loggedout", "usercode", "device", "consent"} {
		t, err := template.ParseFS(files, "templates/layout.html", "templates/parts.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		p.templates[name] = t
	}
	return p, nil
}

// AttemptURL returns the path of the login page of an attempt.
func (p *Pages) AttemptURL(attempt id.ID) string {
	return p.site.Path("/login/attempt/" + attempt.String())
}

// Remember gives the browser the cookies of a login that has succeeded.
func (p *Pages) Remember(w http.ResponseWriter, a broker.Answer) {
	if a.SessionToken != "" {
		p.site.SetSession(w, a.Request.Issuer, a.SessionToken)
	}
	if a.Known != "" {
		p.site.SetKnown(w, a.Known)
	}
	if a.Home != "" {
		p.site.SetHome(w, a.Home)
	}
}

// frame is what every page shows around its content.
type frame struct {
	web.Language
	Title string
	// Tenant is whose page it is; empty when nobody knows yet.
	Tenant string
	// Style is the site's own style sheet, not input.
	Style template.CSS
}

func (p *Pages) frame(l web.Language, title, tenant string) frame {
	return frame{Language: l, Title: title, Tenant: tenant, Style: template.CSS(p.style)} //nolint:gosec // embedded
}

// render writes a page under a policy, which always includes the style sheet.
func (p *Pages) render(w http.ResponseWriter, status int, name string, data any, policy web.Policy) error {
	policy.Style = p.style
	p.site.Protect(w.Header(), policy)
	w.Header().Add("Vary", "Accept-Language")
	return web.WriteHTML(w, status, func(out io.Writer) error {
		return p.templates[name].ExecuteTemplate(out, "layout", data)
	})
}

// language chooses the language of a page. Without locales, the request's own ui_locales count.
func (p *Pages) language(r *http.Request, locales []string) web.Language {
	if len(locales) == 0 {
		locales = strings.Fields(r.URL.Query().Get("ui_locales"))
	}
	return p.texts.Negotiate(locales, r.Header.Get("Accept-Language"))
}

// A form is a form of one of our pages.
type form struct {
	Action string
	Token  string
	Fields []field
}

type field struct{ Name, Value string }

// form returns a form that only the browser of r can send, and only to path.
func (p *Pages) form(r *http.Request, path string) form {
	return form{Action: (&url.URL{Path: path}).EscapedPath(), Token: p.site.FormToken(p.site.Binding(r), path)}
}

// fields lists values in a fixed order.
func fields(values url.Values) []field {
	var list []field
	for name, all := range values {
		for _, value := range all {
			list = append(list, field{name, value})
		}
	}
	slices.SortStableFunc(list, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// checkURL refuses addresses that a browser must not be led to.
func checkURL(address string) error {
	if web.OriginOf(address) == "" {
		return fmt.Errorf("address %q leads nowhere", address)
	}
	return nil
}

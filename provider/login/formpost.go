package login

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/web"
)

type formPostView struct {
	frame
	Action string
	Fields []field
	// Script is embedded, not input; the policy allows exactly its hash.
	Script template.JS
}

// Leave sends the browser to an identity provider: by a redirect, or with the form that the engine made
// (SAML Bindings §3.5).
func (p *Pages) Leave(w http.ResponseWriter, r *http.Request, next broker.Next) error {
	if next.Form == nil {
		return p.Redirect(w, r, next.URL)
	}
	u, err := url.Parse(next.URL)
	if err != nil {
		return err
	}
	l := p.language(r, nil)
	// Where the identity provider hands over to is not ours to know: see the package comment.
	return p.post(w, l, l.Text("leave.title", "host", u.Host), next.URL, next.Form, web.Policy{FormHTTPS: true})
}

// FormPost shows a page that posts values to action at once, or with one button where scripts are
// off (OAuth 2.0 Form Post Response Mode §2). Action must be an http or https address.
func (p *Pages) FormPost(w http.ResponseWriter, r *http.Request, action string, values url.Values) error {
	l := p.language(r, nil)
	return p.post(w, l, l.Text("formpost.title"), action, values, web.Policy{})
}

func (p *Pages) post(w http.ResponseWriter, l web.Language, title, action string, values url.Values, policy web.Policy) error {
	if err := checkAction(action); err != nil {
		return err
	}
	view := formPostView{
		frame:  p.frame(l, title, ""),
		Action: action, Fields: fields(values),
		Script: template.JS(p.script), //nolint:gosec // embedded
	}
	policy.Script, policy.FormTargets = p.script, []string{action}
	return p.render(w, http.StatusOK, "formpost", view, policy)
}

// checkAction refuses what no form can be posted to.
func checkAction(action string) error {
	if origin := web.OriginOf(action); !strings.HasPrefix(origin, "https://") && !strings.HasPrefix(origin, "http://") {
		return fmt.Errorf("form_post to %q: only http and https addresses take forms", action)
	}
	return nil
}

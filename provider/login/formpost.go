package login

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/patchbay-auth/patchbay/internal/web"
)

type formPostView struct {
	frame
	Action string
	Fields []field
	// Script is embedded, not input; the policy allows exactly its hash.
	Script template.JS
}

// FormPost shows a page that posts values to action at once, or with one button where scripts are
// off (OAuth 2.0 Form Post Response Mode §2). Action must be an http or https address.
func (p *Pages) FormPost(w http.ResponseWriter, r *http.Request, action string, values url.Values) error {
	if origin := web.OriginOf(action); !strings.HasPrefix(origin, "https://") && !strings.HasPrefix(origin, "http://") {
		return fmt.Errorf("form_post to %q: only http and https addresses take forms", action)
	}
	l := p.language(r, nil)
	view := formPostView{
		frame:  p.frame(l, l.Text("formpost.title"), ""),
		Action: action, Fields: fields(values),
		Script: template.JS(p.script), //nolint:gosec // embedded
	}
	return p.render(w, http.StatusOK, "formpost", view, web.Policy{Script: p.script, FormTargets: []string{action}})
}

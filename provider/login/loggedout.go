package login

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/patchbay-auth/patchbay/internal/web"
)

// A Farewell is the page of somebody who has just logged out. The zero Farewell says no more than that.
type Farewell struct {
	// Tenant is the name to show, or empty.
	Tenant string
	// ReturnURI, when not empty, is a registered address of the client to go back to.
	ReturnURI string
	// Form, when it is not nil, is posted to ReturnURI, which is then the identity provider's address.
	Form      url.Values
	UILocales []string
	// OpenElsewhere says that the session at the identity provider may not have ended.
	OpenElsewhere bool
	// Frames are addresses of clients that end their own sessions when a browser opens them in a frame
	// (OpenID Connect Front-Channel Logout 1.0 §2). With them, the page goes to ReturnURI by itself when
	// all have loaded.
	Frames []string
}

// farewellPatience is how long the page waits for its frames, in seconds, where scripts are off or a
// frame never loads. A form waits as long by its script; without scripts it has a button only.
const farewellPatience = "5"

type farewellView struct {
	frame
	What   string
	Also   string       // empty is nothing
	Return template.URL // also of a native app, whose scheme templates do not know
	Action string       // in the place of Return, where Fields are posted; empty is nowhere
	Fields []field
	Frames []string
	// Script is embedded, not input; the policy allows exactly its hash.
	Script template.JS
}

// LoggedOut says that the person is logged out.
func (p *Pages) LoggedOut(w http.ResponseWriter, r *http.Request, f Farewell) error {
	l := p.language(r, f.UILocales)
	view := farewellView{
		frame: p.frame(l, l.Text("loggedout.title"), f.Tenant), What: l.Text("loggedout.what"), Frames: f.Frames,
	}
	if f.OpenElsewhere {
		view.Also = l.Text("loggedout.elsewhere")
	}
	policy := web.Policy{Frames: f.Frames}
	switch {
	case f.Form != nil:
		if err := checkAction(f.ReturnURI); err != nil {
			return err
		}
		view.Action, view.Fields = f.ReturnURI, fields(f.Form)
		// Where the identity provider hands over to is not ours to know: see the package comment.
		policy.FormHTTPS, policy.FormTargets = true, []string{f.ReturnURI}
		policy.Script, view.Script = p.postOn, template.JS(p.postOn) //nolint:gosec // embedded
	case f.ReturnURI != "":
		if err := checkURL(f.ReturnURI); err != nil {
			return err
		}
		view.Return = template.URL(f.ReturnURI) //nolint:gosec // checkURL refuses what runs
		if len(f.Frames) > 0 {
			w.Header().Set("Refresh", farewellPatience+";url="+f.ReturnURI)
			view.Script = template.JS(p.goOn) //nolint:gosec // embedded
			policy.Script = p.goOn
		}
	}
	return p.render(w, http.StatusOK, "loggedout", view, policy)
}

// The texts about a logout of which the browser that brings it shows nothing: whether anybody is logged in
// in it, nobody has asked.
const (
	// unknownLogout is a return from a logout that this browser has not begun, or not lately.
	unknownLogout = "unknown_logout"
	// noticedLogout is what an identity provider has ended, by a request that takes no answer.
	noticedLogout = "noticed_logout"
)

// noticed tells somebody about such a logout, and nothing about themselves.
func (p *Pages) noticed(w http.ResponseWriter, r *http.Request, key string) error {
	l := p.language(r, nil)
	view := farewellView{frame: p.frame(l, l.Text(key+".title"), ""), What: l.Text(key + ".what")}
	return p.render(w, http.StatusOK, "loggedout", view, web.Policy{})
}

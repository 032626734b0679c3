package login

import (
	"html/template"
	"net/http"

	"github.com/patchbay-auth/patchbay/internal/web"
)

// A Farewell is the page of somebody who has just logged out. The zero Farewell says no more than that.
type Farewell struct {
	// Tenant is the name to show, or empty.
	Tenant string
	// ReturnURI, when not empty, is a registered address of the client to go back to.
	ReturnURI string
	UILocales []string
	// OpenElsewhere says that the session at the identity provider may not have ended.
	OpenElsewhere bool
	// Frames are addresses of clients that end their own sessions when a browser opens them in a frame
	// (OpenID Connect Front-Channel Logout 1.0 §2). With them, the page goes to ReturnURI by itself when
	// all have loaded.
	Frames []string
}

// farewellPatience is how long the page waits for its frames, in seconds, where scripts are off or a
// frame never loads.
const farewellPatience = "5"

type farewellView struct {
	frame
	What   string
	Also   string       // empty is nothing
	Return template.URL // also of a native app, whose scheme templates do not know
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
	if f.ReturnURI != "" {
		if err := checkURL(f.ReturnURI); err != nil {
			return err
		}
		view.Return = template.URL(f.ReturnURI) //nolint:gosec // checkURL refuses what runs
	}
	if f.ReturnURI != "" && len(f.Frames) > 0 {
		w.Header().Set("Refresh", farewellPatience+";url="+f.ReturnURI)
		view.Script = template.JS(p.goOn) //nolint:gosec // embedded
		policy.Script = p.goOn
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

package login

import (
	"net/http"
	"net/url"

	"github.com/patchbay-auth/patchbay/internal/web"
)

// A LogoutQuestion asks a person whether to log out (OpenID Connect RP-Initiated Logout §2).
type LogoutQuestion struct {
	// Path is that of the end-session endpoint, which gets the answer. It checks the form with
	// web.Site.CheckForm, for that path as the purpose.
	Path string
	// Values are sent along with the answer.
	Values url.Values
	// Tenant is the name to show, or empty.
	Tenant string
	// UILocales are those of the request.
	UILocales []string
	// ReturnURI is where the browser goes after logging out, or empty.
	ReturnURI string
}

// LogoutField is the form field of the answer to a LogoutQuestion. Its value is LogoutYes.
const (
	LogoutField = "logout"
	LogoutYes   = "yes"
)

type logoutView struct {
	frame
	Answer form
}

// AskLogout shows a LogoutQuestion.
func (p *Pages) AskLogout(w http.ResponseWriter, r *http.Request, q LogoutQuestion) error {
	l := p.language(r, q.UILocales)
	view := logoutView{frame: p.frame(l, l.Text("logout.title"), q.Tenant), Answer: p.form(r, q.Path)}
	view.Answer.Fields = append(fields(q.Values), field{LogoutField, LogoutYes})
	return p.render(w, http.StatusOK, "logout", view, web.Policy{FormOwn: true, FormTargets: []string{q.ReturnURI}})
}

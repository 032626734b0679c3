package login

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/web"
)

type loginView struct {
	frame
	Application string
	Password    form
	Login       string
	// Problem is what was wrong with the form as it was sent; empty on first sight.
	Problem string
	Cancel  form
	Buttons []button
}

// A button leads to an identity provider.
type button struct {
	form
	Name string
}

// login shows the login page. Problem is empty, or the key of what was wrong with the form.
func (p *Pages) login(w http.ResponseWriter, r *http.Request, status int, page broker.LoginPage, login, problem string) error {
	l := p.language(r, page.UILocales)
	tenant, application := names(page)
	path := p.AttemptURL(page.AttemptID)
	view := loginView{
		frame:       p.frame(l, l.Text("login.title", "application", application), tenant),
		Application: application,
		Password:    p.form(r, path),
		Login:       login,
		Cancel:      p.form(r, path+"/cancel"),
	}
	if problem != "" {
		view.Problem = l.Text(problem + ".what")
		view.Title = l.Text("error.title", "title", view.Title)
	}
	for _, c := range page.Connections {
		name := c.Name
		if name == "" {
			name = c.ID
		}
		view.Buttons = append(view.Buttons, button{
			form: p.form(r, path+"/with/"+c.ID), Name: l.Text("login.with", "connection", name),
		})
	}
	return p.render(w, status, "login", view, web.Policy{FormOwn: true, FormTargets: []string{page.RedirectURI}})
}

type leaveView struct {
	frame
	URL  template.URL // also of a native app, whose scheme templates do not know
	Host string
}

// Redirect sends the browser to address with 303, and so that it gets there also after a form: see
// the package comment. It refuses an address that is not absolute or runs script.
func (p *Pages) Redirect(w http.ResponseWriter, r *http.Request, address string) error {
	if err := checkURL(address); err != nil {
		return err
	}
	// Browsers that hold redirects to form-action say Sec-Fetch-Dest; everything else needs no page.
	if r.Method != http.MethodPost || r.Header.Get("Sec-Fetch-Dest") == "" {
		// No framing headers here: an answer to prompt=none passes through a hidden frame.
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Location", address) // not http.Redirect: it would clean a path that must not change
		w.WriteHeader(http.StatusSeeOther)
		return nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	l := p.language(r, nil)
	host := u.Host
	if host == "" {
		host = u.Scheme
	}
	w.Header().Set("Refresh", "0;url="+address)
	view := leaveView{
		frame: p.frame(l, l.Text("leave.title", "host", host), ""),
		URL:   template.URL(address), Host: host, //nolint:gosec // checkURL refuses what runs
	}
	return p.render(w, http.StatusOK, "leave", view, web.Policy{})
}

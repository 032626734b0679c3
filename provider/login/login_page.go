package login

import (
	"net/http"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/web"
)

type loginView struct {
	frame
	Application string
	Password    form
	Login       string
	// AskCustomer is set when nothing says yet whose the person is; Customer is what they answered.
	AskCustomer bool
	Customer    string
	// Problem is what was wrong with the form as it was sent; empty on first sight.
	Problem string
	Cancel  form
	// Device is set when a device waits for the login, and no application to go back to.
	Device  bool
	Buttons []button
}

// A button leads to an identity provider.
type button struct {
	form
	Name string
}

// login shows the login page. What was wrong with the form is the zero outcome on first sight.
func (p *Pages) login(w http.ResponseWriter, r *http.Request, status int, page broker.LoginPage, typed broker.Credentials, wrong outcome) error {
	l := p.language(r, page.UILocales)
	tenant, application := names(page)
	path := p.AttemptURL(page.AttemptID)
	view := loginView{
		frame:       p.frame(l, l.Text("login.title", "application", application), tenant),
		Application: application,
		Password:    p.form(r, path),
		Login:       typed.Login,
		AskCustomer: page.Tenant == nil,
		Customer:    typed.CustomerNumber,
		Cancel:      p.form(r, path+"/cancel"),
		Device:      page.Purpose == broker.PurposeDevice,
	}
	if wrong.key != "" {
		view.Problem = wrong.what(l)
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

package login

import (
	"net/http"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/web"
)

// A step is how much of a login its page asks for.
type step int

const (
	stepAll      step = iota // user name, password, and a button for each connection
	stepName                 // the user name alone
	stepPassword             // the password to a user name
	stepOffer                // the connection of the last time
)

// template is the file of a step.
func (s step) template() string {
	switch s {
	case stepName:
		return "name"
	case stepOffer:
		return "offer"
	case stepAll, stepPassword:
	}
	return "login"
}

// firstStep is what the page of an attempt asks for. way is what the person chose by a link.
func firstStep(page broker.LoginPage, way string) step {
	switch {
	case !page.IdentifierFirst || way == wayOther:
		return stepAll
	case page.Remembered != nil && way != wayName:
		return stepOffer
	}
	return stepName
}

// The ways to another step, as values of the parameter "way".
const (
	wayName  = "name"
	wayOther = "other"
)

type loginView struct {
	frame
	Application string
	// Form posts what the step asks for.
	Form  form
	Login string
	// NameGiven is set in the step that asks for the password to Login.
	NameGiven bool
	// AskCustomer is set when nothing says yet whose the person is; Customer is what they answered.
	AskCustomer bool
	Customer    string
	// Problem is what was wrong with the form as it was sent; empty on first sight.
	Problem string
	Cancel  form
	// Device is set when a device waits for the login, and no application to go back to.
	Device bool
	// Offer is the button of the connection of the last time.
	Offer   button
	Buttons []button
	// Rename leads to the step that asks for the user name, Other to the one that asks for everything.
	Rename, Other string
}

// A button leads to an identity provider.
type button struct {
	form
	Name string
}

// login shows a step of the login page. What was wrong with the form is the zero outcome on first sight.
func (p *Pages) login(w http.ResponseWriter, r *http.Request, status int, page broker.LoginPage, at step, typed broker.Credentials, wrong outcome) error {
	l := p.language(r, page.UILocales)
	tenant, application := names(page)
	path := p.AttemptURL(page.AttemptID)
	view := loginView{
		frame:       p.frame(l, l.Text("login.title", "application", application), tenant),
		Application: application,
		Form:        p.form(r, path),
		Login:       typed.Login,
		NameGiven:   at == stepPassword,
		AskCustomer: page.Tenant == nil,
		Customer:    typed.CustomerNumber,
		Cancel:      p.form(r, path+"/cancel"),
		Device:      page.Purpose == broker.PurposeDevice,
		Rename:      path + "?way=" + wayName,
		Other:       path + "?way=" + wayOther,
	}
	switch at {
	case stepName:
		view.Form = p.form(r, path+"/name")
	case stepPassword: // comes back with the form, should it have to be shown again
		view.Form.Fields = []field{{"name_given", "1"}}
	case stepOffer:
		view.Offer = p.button(r, path, page.Remembered.ID, page.Remembered.Name, l)
	case stepAll:
	}
	if wrong.key != "" {
		view.Problem = wrong.what(l)
		view.Title = l.Text("error.title", "title", view.Title)
	}
	// Whoever must log in at an identity provider is refused like anybody with a wrong password. So the way there
	// is shown again to all.
	if at == stepAll || at == stepName || wrong.key != "" {
		for _, c := range page.Connections {
			view.Buttons = append(view.Buttons, p.button(r, path, c.ID, c.Name, l))
		}
	}
	return p.render(w, status, at.template(), view, web.Policy{FormOwn: true, FormTargets: []string{page.RedirectURI}})
}

func (p *Pages) button(r *http.Request, path, id, name string, l web.Language) button {
	if name == "" {
		name = id
	}
	return button{form: p.form(r, path+"/with/"+id), Name: l.Text("login.with", "connection", name)}
}

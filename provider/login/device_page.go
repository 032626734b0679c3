package login

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/web"
	"github.com/patchbay-auth/patchbay/mapping"
)

// maxUserCode bounds what is filled in from the query, in bytes: a code and what people type around it.
const maxUserCode = 20

type userCodeView struct {
	frame
	Form form
	Code string
	// Prefilled is set when the code came with the address and was not typed.
	Prefilled bool
	Problem   string
}

// userCode shows the page that asks which code the device shows. What was wrong with the last one is
// the zero outcome on first sight.
func (p *Pages) userCode(w http.ResponseWriter, r *http.Request, status int, binding, code string, wrong outcome) error {
	l := p.language(r, nil)
	path := p.site.Path("/device")
	if len(code) > maxUserCode {
		code = ""
	}
	view := userCodeView{
		frame: p.frame(l, l.Text("device.title"), ""),
		// A first visitor's cookie is on its way out and not yet in the request.
		Form: form{Action: path, Token: p.site.FormToken(binding, path)},
		Code: code, Prefilled: code != "" && wrong.key == "",
	}
	if wrong.key != "" {
		view.Problem = wrong.what(l)
		view.Title = l.Text("error.title", "title", view.Title)
	}
	return p.render(w, status, "usercode", view, web.Policy{FormOwn: true})
}

// DeviceURL returns the path of the page of an attempt that is for a device.
func (p *Pages) DeviceURL(attempt id.ID) string { return p.site.Path("/device/" + attempt.String()) }

type deviceView struct {
	frame
	Application, UserCode string
	// What and Hint are the texts of the stage; Hint may be empty.
	What, Hint string
	// Asks introduces the Items, the texts of the scopes that the person consents to; both may be empty.
	Asks  string
	Items []string
	// Yes and No answer the stage's question; Other lets another person log in. Nil: no such button.
	Yes, No, Other *choice
}

// A choice is a form with nothing but a button.
type choice struct {
	form
	Name string
}

// device shows the page of a device's attempt, as far as it has come.
func (p *Pages) device(w http.ResponseWriter, r *http.Request, page broker.DevicePage) error {
	l := p.language(r, nil)
	tenant, application := names(broker.LoginPage{Tenant: page.Tenant, Client: page.Client})
	at := p.DeviceURL(page.AttemptID)
	button := func(path, text string, pairs ...string) *choice {
		return &choice{p.form(r, path), l.Text(text, pairs...)}
	}
	view := deviceView{Application: application, UserCode: page.UserCode.String()}
	var title string
	switch page.Stage {
	case broker.DeviceQuestion:
		title = l.Text("device_question.title")
		view.What = l.Text("device_question.what", "application", application, "tenant", tenant)
		if tenant == "" { // of a platform client, until the person is known
			view.What = l.Text("device_question.anywhere", "application", application)
		}
		view.Hint = l.Text("device_question.hint")
		view.Yes, view.No = button(at, "device_question.yes"), button(at+"/deny", "device_question.no")
	case broker.DeviceConfirm:
		title = l.Text("device_confirm.title", "user", fullName(page.User))
		view.What = l.Text("device_confirm.what", "application", application)
		if view.Items = scopeTexts(l, page.Scope); len(view.Items) > 0 {
			view.Asks = l.Text("device_confirm.asks", "application", application)
		}
		view.Yes, view.No = button(at+"/allow", "device_confirm.yes"), button(at+"/deny", "device_confirm.no")
		view.Other = button(at+"/user", "device_confirm.other", "user", fullName(page.User))
	case broker.DeviceIsIn:
		title, view.What, view.UserCode = l.Text("device_in.title"), l.Text("device_in.what"), ""
	case broker.DeviceIsOut:
		title, view.What, view.UserCode = l.Text("device_out.title"), l.Text("device_out.what"), ""
	default:
		return fmt.Errorf("stage %d of a device is unknown", page.Stage)
	}
	view.frame = p.frame(l, title, tenant)
	return p.render(w, http.StatusOK, "device", view, web.Policy{FormOwn: true})
}

// fullName is what to call a user, who may have a login and no name.
func fullName(u mapping.User) string {
	if name := strings.TrimSpace(u.GivenName + " " + u.FamilyName); name != "" {
		return name
	}
	return u.Username
}

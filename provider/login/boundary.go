package login

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/web"
)

// Serve runs a handler for people. An error is logged here and shown as a page: a *broker.Refusal
// and a Problem each have their own, everything else is 503.
func (p *Pages) Serve(w http.ResponseWriter, r *http.Request, h web.Handler) {
	p.serve(w, r, h, nil)
}

// again finds the attempt that a refused person may go on with.
type again func(*http.Request, *broker.Refusal) (broker.LoginPage, bool)

func (p *Pages) serve(w http.ResponseWriter, r *http.Request, h web.Handler, again again) {
	web.Boundary{Log: p.log, Judge: func(r *http.Request, err error) web.Verdict {
		o := judge(err)
		verdict := web.Verdict{Status: o.status, RetryAfter: o.retryAfter, Level: o.level}
		var refusal *broker.Refusal
		var page broker.LoginPage
		if errors.As(err, &refusal) {
			verdict.Facts = append(verdict.Facts, slog.String("reason", string(refusal.Reason)),
				slog.String("login", refusal.LoginID.String()))
			if again != nil {
				page, _ = again(r, refusal)
			}
		}
		var form *unfinished
		if errors.As(err, &form) {
			verdict.Show = func(w http.ResponseWriter, r *http.Request, status int) error {
				return form.show(w, r, status, o)
			}
			return verdict
		}
		verdict.Show = func(w http.ResponseWriter, r *http.Request, status int) error {
			return p.problem(w, r, status, o, refusal, page)
		}
		return verdict
	}}.Serve(w, r, h)
}

// unfinished is the error of a form that its page shows again, to be corrected.
type unfinished struct {
	cause error
	show  func(w http.ResponseWriter, r *http.Request, status int, wrong outcome) error
}

func (u *unfinished) Error() string { return u.cause.Error() }
func (u *unfinished) Unwrap() error { return u.cause }

type problemView struct {
	frame
	What, Next string
	// Reference is the login's id, for support, and Time when it was refused.
	Reference, Time string
	// Again is the path of the login page; empty when the attempt is over.
	Again  string
	Cancel form
	// Application is the client's name.
	Application string
}

// problem shows the page of an error. page names the attempt that may go on, or nothing.
func (p *Pages) problem(w http.ResponseWriter, r *http.Request, status int, o outcome,
	refusal *broker.Refusal, page broker.LoginPage,
) error {
	l := p.language(r, page.UILocales)
	view := problemView{
		frame: p.frame(l, l.Text(o.key+".title"), ""),
		What:  o.what(l), Next: l.Text(o.key + ".next"),
	}
	if refusal != nil && !refusal.LoginID.IsZero() {
		view.Reference = refusal.LoginID.String()
		view.Time = p.now().UTC().Format(time.DateTime + " UTC")
	}
	policy := web.Policy{}
	if !page.AttemptID.IsZero() {
		view.Tenant, view.Application = names(page)
		view.Again = p.AttemptURL(page.AttemptID)
		view.Cancel = p.form(r, view.Again+"/cancel")
		policy.FormOwn, policy.FormTargets = true, []string{page.RedirectURI}
	}
	return p.render(w, status, "problem", view, policy)
}

// names returns what to call the tenant and the client of an attempt.
func names(page broker.LoginPage) (tenant, application string) {
	if page.Tenant != nil {
		tenant = page.Tenant.Name
	}
	if page.Client != nil {
		application = page.Client.Name
		if application == "" {
			application = page.Client.ID
		}
	}
	return tenant, application
}

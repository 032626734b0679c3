package provider

import (
	"fmt"
	"net/http"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/provider/login"
)

// A personal handler serves an endpoint that browsers visit. Its error becomes a page.
type personal func(http.ResponseWriter, *http.Request, issuer) error

// person serves an endpoint for people. The pages log and show what goes wrong.
func (p *provider) person(w http.ResponseWriter, r *http.Request, is issuer, e endpoint, serve personal) {
	p.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error {
		if err := p.mayVisit(w, r, e); err != nil {
			return err
		}
		if fault := judgeMethod(r, e); fault != nil {
			return fmt.Errorf("%w: %s", login.WrongMethod, r.Method)
		}
		return serve(w, r, is)
	})
}

// mayVisit charges a visit to a page to the visitor's address.
func (p *provider) mayVisit(w http.ResponseWriter, r *http.Request, e endpoint) error {
	x := p.newExchange(r, issuer{}, e)
	if fault := p.limits.spendAddress(x, 1); fault != nil {
		x.charged.announce(w.Header())
		return fmt.Errorf("%w: %w", login.TooManyRequests, fault)
	}
	return nil
}

// visited lets a handler of pages answer only as often as its visitors' addresses may ask.
func (p *provider) visited(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error {
			if err := p.mayVisit(w, r, ""); err != nil {
				return err
			}
			h.ServeHTTP(w, r)
			return nil
		})
	})
}

// browser tells the engine what the request says about the browser. The binding cookie is made when
// there is none.
func (p *provider) browser(w http.ResponseWriter, r *http.Request) broker.Browser {
	return broker.Browser{
		Binding: p.site.EnsureBinding(w, r),
		Session: func(issuer string) string { return p.site.Session(r, issuer) },
		Known:   p.site.Known(r),
		Home:    p.site.Home(r),
		Address: p.address(r),
	}
}

func (p *provider) address(r *http.Request) string { return p.site.Address(r).String() }

// mountPages makes the pages and mounts the handler of a login's own addresses.
func (p *provider) mountPages(mux *http.ServeMux, root string) (err error) {
	if p.pages, err = login.NewPages(login.PagesConfig{Site: p.site, Log: p.log, Now: p.now}); err != nil {
		return err
	}
	h, err := login.New(login.Config{Engine: p.engine, Site: p.site, Pages: p.pages, Answer: p.answerClient, Issuer: p.issuers.first(), Ended: p.logouts.Wake})
	if err != nil {
		return err
	}
	mux.HandleFunc("GET "+root+"/login/{account}/{connection}/jwks", p.connectionKeys)
	for _, at := range []string{"/login/", "/device", "/device/"} {
		mux.Handle(root+at, p.visited(h))
	}
	return nil
}

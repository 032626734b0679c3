package login

import (
	"html/template"
	"net/http"
	"net/url"

	"github.com/patchbay-auth/patchbay/internal/web"
)

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

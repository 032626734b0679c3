package idptest

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const loginPath = "/login"

//go:embed login.html
var loginHTML string

//go:embed login.css
var loginCSS string

//go:embed post.html
var postHTML string

const postScript = "document.forms[0].submit()"

var (
	loginPage = template.Must(template.New("login").Parse(loginHTML))
	postPage  = template.Must(template.New("post").Parse(postHTML))
	// loginCSP names no form-action: Chromium would apply it to the redirect to the relying party.
	loginCSP = "default-src 'none'; frame-ancestors 'none'; style-src '" + hash(loginCSS) + "'"
	postCSP  = loginCSP + "; script-src '" + hash(postScript) + "'"
)

// pages are the pages of one identity provider.
type pages struct{ name string }

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// showLogin answers the redirect from authorize with a form that posts to the page's own address.
func (i *IdP) showLogin(w http.ResponseWriter, r *http.Request) {
	login, err := i.store.request(r.FormValue("id"))
	if err != nil {
		http.Error(w, "This login has expired. Go back to where you came from and try again.", http.StatusBadRequest)
		return
	}
	if code := i.failWith.Load(); code != nil && *code != "" {
		refuse(w, r, login, *code)
		return
	}
	if slices.Contains(login.Prompt, oidc.PromptNone) {
		refuse(w, r, login, "login_required") // there are no sessions
		return
	}
	i.page.login(w, http.StatusOK, login.LoginHint, false)
}

func (i *IdP) submitLogin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	login, err := i.store.request(r.FormValue("id"))
	if err != nil {
		http.Error(w, "This login has expired. Go back to where you came from and try again.", http.StatusBadRequest)
		return
	}
	if r.PostFormValue("action") == "cancel" {
		refuse(w, r, login, "access_denied")
		return
	}
	user, ok := i.store.authenticate(r.PostFormValue("login"), r.PostFormValue("password"))
	if !ok {
		i.page.login(w, http.StatusUnauthorized, r.PostFormValue("login"), true)
		return
	}
	if err := i.store.complete(login.id, user.Subject); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// 303, so that the browser does not carry the password along (RFC 9700 §4.12).
	ctx := op.ContextWithIssuer(r.Context(), i.issuer)
	http.Redirect(w, r, op.AuthCallbackURL(i.provider)(ctx, login.id), http.StatusSeeOther)
}

func (p pages) login(w http.ResponseWriter, status int, login string, wrong bool) {
	show(w, status, loginPage, loginCSP, map[string]any{
		"Name": p.name, "Login": login, "Wrong": wrong, "Style": template.CSS(loginCSS), // #nosec G203 -- ours, embedded
	})
}

// post shows a page that posts fields to an address by itself.
func (p pages) post(w http.ResponseWriter, action string, fields url.Values) {
	show(w, http.StatusOK, postPage, postCSP, map[string]any{
		"Action": action, "Fields": fields,
		"Style": template.CSS(loginCSS), "Script": template.JS(postScript), // #nosec G203 -- ours
	})
}

func show(w http.ResponseWriter, status int, t *template.Template, policy string, data any) {
	var page bytes.Buffer
	if err := t.Execute(&page, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // a browser that went away is nobody's error
}

// refuse sends the browser back to the relying party with an error (RFC 6749 §4.1.2.1). The
// redirect URI was judged when the request was created.
func refuse(w http.ResponseWriter, r *http.Request, login *request, code string) {
	back, err := url.Parse(login.RedirectURI)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	query := back.Query()
	query.Set("error", code)
	query.Set("error_description", "The login was not completed.")
	query.Set("state", login.State)
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

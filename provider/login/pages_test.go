package login

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// reasons reads every Reason that package broker declares, so that a new one cannot lack its page.
func reasons(t *testing.T) []broker.Reason {
	t.Helper()
	var found []broker.Reason
	for _, value := range constants(t, "../../broker/refusal.go", "Reason") {
		found = append(found, broker.Reason(value))
	}
	if len(found) < 12 {
		t.Fatalf("only %d reasons found in broker", len(found))
	}
	return found
}

func constants(t *testing.T, path, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == typeName && len(spec.Values) == 1 {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	return values
}

func TestEveryErrorHasItsPage(t *testing.T) {
	g := newRig(t)
	keys := constants(t, "problem.go", "Problem")
	for _, reason := range reasons(t) {
		keys = append(keys, string(reason))
		if o := judge(&broker.Refusal{Reason: reason}); o.key != string(reason) {
			t.Errorf("reason %s is told as %s", reason, o.key)
		}
	}
	for _, problem := range constants(t, "problem.go", "Problem") {
		if o := judge(Problem(problem)); o.key != problem {
			t.Errorf("problem %s is told as %s", problem, o.key)
		}
	}
	keys = append(keys, ruleRefused)
	for _, l := range g.pages.texts.Languages() {
		for _, key := range keys {
			for _, part := range []string{".title", ".what", ".next"} {
				if !l.Has(key + part) {
					t.Errorf("%s has no %s", l.Tag(), key+part)
				}
			}
		}
	}
}

func TestNoTextIsLeftOver(t *testing.T) {
	g := newRig(t)
	known := map[string]bool{ruleRefused: true, unknownLogout: true, noticedLogout: true}
	for _, key := range constants(t, "problem.go", "Problem") {
		known[key] = true
	}
	for _, reason := range reasons(t) {
		known[string(reason)] = true
	}
	for _, page := range []string{"login", "error", "leave", "formpost", "logout", "loggedout", "problem", "device", "device_question", "device_confirm", "device_in", "device_out", "consent", "scope"} {
		known[page] = true
	}
	for _, key := range g.pages.texts.Languages()[0].Keys() {
		if owner, _, _ := strings.Cut(key, "."); !known[owner] {
			t.Errorf("message %s belongs to nothing", key)
		}
	}
}

func TestRefusalPages(t *testing.T) {
	for _, reason := range reasons(t) {
		for _, language := range []string{"en", "nb"} {
			for _, open := range []bool{false, true} {
				g := newRig(t)
				g.begin()
				refusal := &broker.Refusal{Reason: reason, LoginID: id.ID{0xab, 0xcd}}
				if reason == broker.ReasonThrottled || reason == broker.ReasonTooManyCodes {
					refusal.RetryAfter = time.Minute
				}
				if open {
					refusal.AttemptID = g.engine.page.AttemptID
				}
				g.engine.err = refusal
				r, body := g.do(http.MethodGet, "/login/acme/entra/callback?error=access_denied&error_description=IDP-SAYS",
					nil, map[string]string{"Accept-Language": language})
				want := map[broker.Reason]int{
					broker.ReasonCredentials: 401, broker.ReasonBusy: 503, broker.ReasonUpstreamDown: 503,
					broker.ReasonThrottled: 429, broker.ReasonTooManyCodes: 429,
				}[reason]
				if want == 0 {
					want = 400
				}
				if r.StatusCode != want || (want >= 429) != (r.Header.Get("Retry-After") != "") {
					t.Errorf("%s: %d, Retry-After %q; want %d", reason, r.StatusCode, r.Header.Get("Retry-After"), want)
				}
				if r.Header.Get("WWW-Authenticate") != "" {
					t.Errorf("%s: a challenge would open the browser's own dialogue", reason)
				}
				for _, text := range []string{`<html lang="` + language + `">`, refusal.LoginID.String(), "2026-03-04 15:06:07 UTC"} {
					if !strings.Contains(body, text) {
						t.Errorf("%s in %s: the page lacks %q", reason, language, text)
					}
				}
				if strings.Contains(body, "IDP-SAYS") || strings.Contains(body, "access_denied") {
					t.Errorf("%s: the page repeats what the identity provider says", reason)
				}
				if goesOn := strings.Contains(body, `href="`+g.path()+`"`); goesOn != open {
					t.Errorf("%s: link to try again %v, want %v", reason, goesOn, open)
				}
				if back := strings.Contains(body, `action="`+g.path()+`/cancel"`); back != open {
					t.Errorf("%s: way back to the application %v, want %v", reason, back, open)
				}
				if !strings.Contains(g.logs.String(), "login="+refusal.LoginID.String()) {
					t.Errorf("%s: the log lacks the login: %s", reason, g.logs)
				}
			}
		}
	}
}

func TestWrongPasswordKeepsTheNameOnly(t *testing.T) {
	g := newRig(t, "Entra")
	g.begin()
	const mistyped = "Correct-h0rse-batterie"
	r, body := g.post(g.path(), credentialsForm("anna.berg", mistyped), nil)
	if r.StatusCode != http.StatusUnauthorized || r.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("%d with challenge %q, want 401 without", r.StatusCode, r.Header.Get("WWW-Authenticate"))
	}
	for _, text := range []string{`value="anna.berg"`, `role="alert"`, "The user name or the password is wrong.", "<title>Error: "} {
		if !strings.Contains(body, text) {
			t.Errorf("the form lacks %q", text)
		}
	}
	if strings.Contains(body, mistyped) {
		t.Error("the page repeats the password")
	}
	if logs := g.logs.String(); strings.Contains(logs, mistyped) || !strings.Contains(logs, "wrong_credentials") {
		t.Errorf("the log must name the reason and not the password: %s", logs)
	}

	g.engine.err = &broker.Refusal{Reason: broker.ReasonBusy, AttemptID: g.engine.page.AttemptID}
	r, body = g.post(g.path(), credentialsForm("anna.berg", rightPassword), nil)
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || !strings.Contains(body, `value="anna.berg"`) {
		t.Errorf("busy: %d, Retry-After %q; want the form again with 503", r.StatusCode, r.Header.Get("Retry-After"))
	}
	g.engine.err = &broker.Refusal{Reason: broker.ReasonThrottled, AttemptID: g.engine.page.AttemptID, RetryAfter: 6*time.Minute + time.Second}
	r, throttled := g.post(g.path(), credentialsForm("anna.berg", rightPassword), nil)
	if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "361" ||
		!strings.Contains(throttled, "Try again in 7 min.") || !strings.Contains(throttled, `value="anna.berg"`) {
		t.Errorf("throttled: %d, Retry-After %q; want the form again with 429 and 361 s: %s", r.StatusCode, r.Header.Get("Retry-After"), throttled)
	}
	if strings.Contains(body+throttled+g.logs.String(), rightPassword) {
		t.Error("busy: the password is on the page or in the log")
	}
}

func TestLoginPage(t *testing.T) {
	g := newRig(t)
	g.begin()
	_, body := g.do(http.MethodGet, g.path(), nil, nil)
	for _, text := range []string{
		"<h1>Sign in to Agent application</h1>", "Acme Support", `autocomplete="username"`, `autocomplete="current-password"`,
		`<label for="username">`, `<label for="password">`,
	} {
		if !strings.Contains(body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	if strings.Contains(body, "divider\"") || strings.Contains(body, "/with/") || strings.Contains(body, "role=\"alert\"") {
		t.Error("without connections and faults there is nothing to divide, choose or complain about")
	}

	g = newRig(t, "Acme Entra ID", "Partner Auth0")
	g.engine.page.UILocales = []string{"nn"}
	g.engine.page.LoginHint = "anna.berg"
	g.engine.page.Client.Name = ""
	g.begin()
	_, body = g.do(http.MethodGet, g.path(), nil, map[string]string{"Accept-Language": "en"})
	for _, text := range []string{
		"Logg inn på agent", "Fortsett med Acme Entra ID", "Fortsett med Partner Auth0", `value="anna.berg"`,
		`action="` + g.path() + `/with/partner-auth0"`, `<html lang="nb">`,
	} {
		if !strings.Contains(body, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

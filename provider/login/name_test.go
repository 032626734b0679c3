package login

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// newNameRig is a rig whose user names can lead to an identity provider: those that end in @sso.example.
func newNameRig(t *testing.T, connections ...string) *rig {
	g := newRig(t, connections...)
	g.engine.page.IdentifierFirst = true
	g.engine.next = broker.Next{Step: broker.StepRedirect, URL: "https://idp.example/authorize"}
	return g
}

func nameForm(login string) url.Values { return url.Values{"username": {login}} }

// asked says which step a page is, by what it asks for.
func asked(t *testing.T, page string) string {
	t.Helper()
	has := func(text string) bool { return strings.Contains(page, text) }
	switch {
	case has(`name="password"`) && has(" readonly"):
		return "password"
	case has(`name="password"`):
		return "all"
	case has(`name="username"`):
		return "name"
	case has("/with/"):
		return "offer"
	}
	t.Fatalf("the page asks for nothing:\n%s", page)
	return ""
}

func TestStepsOfTheLoginPage(t *testing.T) {
	for _, c := range []struct {
		name       string
		plain      bool // user names lead nowhere
		remembered bool
		way        string
		want       string
	}{
		{name: "user names lead nowhere (control)", plain: true, want: "all"},
		{name: "nowhere, and there is a last time", plain: true, remembered: true, want: "all"},
		{name: "user names lead somewhere", want: "name"},
		{name: "there is a last time", remembered: true, want: "offer"},
		{name: "not as the last time", remembered: true, way: "?way=name", want: "name"},
		{name: "another way", way: "?way=other", want: "all"},
		{name: "another way than the last time", remembered: true, way: "?way=other", want: "all"},
		{name: "no way", way: "?way=%22%3E%3Cb%3E", want: "name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newNameRig(t, "Entra", "Partner")
			g.begin()
			g.engine.page.IdentifierFirst = !c.plain
			if c.remembered {
				g.engine.page.Remembered = g.engine.page.Connections[0]
			}
			_, page := g.do(http.MethodGet, g.path()+c.way, nil, nil)
			if got := asked(t, page); got != c.want {
				t.Errorf("the page asks for %s, want %s", got, c.want)
			}
			buttons := strings.Count(page, "/with/")
			if want := map[string]int{"offer": 1}[c.want]; want > 0 && buttons != want || want == 0 && buttons != 2 {
				t.Errorf("%d buttons", buttons)
			}
		})
	}
}

func TestUserNameFirst(t *testing.T) {
	g := newNameRig(t, "Entra")
	g.begin()
	response, _ := g.post(g.path()+"/name", nameForm("ana@sso.example"), nil)
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "https://idp.example/authorize" {
		t.Fatalf("control: %d to %q", response.StatusCode, response.Header.Get("Location"))
	}
	for _, login := range []string{"ana.berg", "nobody", "someone@elsewhere.example", `"><b>x`, " ana.berg "} {
		response, page := g.post(g.path()+"/name", nameForm(login), nil)
		if response.StatusCode != http.StatusOK || asked(t, page) != "password" {
			t.Errorf("%q: %d", login, response.StatusCode)
		}
		if strings.Contains(page, "<b>x") || strings.Contains(response.Header.Get("Location"), "ana") {
			t.Errorf("%q: markup, or the name in an address", login)
		}
		if login == " ana.berg " && !strings.Contains(page, `value="ana.berg" autocomplete="username"`) {
			t.Error("a password manager does not see the user name")
		}
		if strings.Contains(page, "/with/") {
			t.Errorf("%q: the step for the password has buttons", login)
		}
	}
	for name, form := range map[string]url.Values{
		"empty": nameForm(""), "blanks": nameForm("  "), "none": {}, "two": {"username": {"a", "b"}},
	} {
		response, page := g.post(g.path()+"/name", form, nil)
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
		if again := name == "empty" || name == "blanks"; again && asked(t, page) != "name" {
			t.Errorf("%s: the form is not shown again", name)
		}
	}
	if response, _ := g.do(http.MethodPost, g.path()+"/name", nameForm("ana"), nil); response.StatusCode != http.StatusForbidden {
		t.Errorf("without our token: %d", response.StatusCode)
	}
}

// The answer to a user name tells nothing about it but its own letters.
func TestUserNamesLookAlike(t *testing.T) {
	g := newNameRig(t)
	g.engine.page.Tenant = nil // a platform client
	g.begin()
	token := regexp.MustCompile(`name="form_token" value="[^"]*"`) // never the same twice
	pages := map[string]bool{}
	for _, login := range []string{"anna.berg", "no.bodyat", "a@b.exmpl"} {
		_, page := g.post(g.path()+"/name", nameForm(login), nil)
		pages[strings.ReplaceAll(token.ReplaceAllString(page, ""), login, "NAME")] = true
		if !strings.Contains(page, "customer_number") {
			t.Errorf("%s: nobody asks for the customer number", login)
		}
	}
	if len(pages) != 1 {
		t.Errorf("%d different pages", len(pages))
	}
}

func TestWrongPasswordAfterTheUserName(t *testing.T) {
	g := newNameRig(t, "Entra")
	g.begin()
	g.engine.err = &broker.Refusal{Reason: broker.ReasonCredentials, AttemptID: g.engine.page.AttemptID}
	form := credentialsForm("ana.berg", "wrong")
	if _, page := g.post(g.path(), form, nil); asked(t, page) != "all" {
		t.Error("control: the page of everything does not come back")
	}
	form.Set("name_given", "1")
	response, page := g.post(g.path(), form, nil)
	if response.StatusCode != http.StatusUnauthorized || asked(t, page) != "password" || !strings.Contains(page, `id="problem"`) {
		t.Errorf("%d, and the page asks for %s", response.StatusCode, asked(t, page))
	}
	// They may be one who must use single sign-on, which nobody tells them.
	if !strings.Contains(page, "Continue with Entra") {
		t.Error("the way to the identity provider is not shown to who is refused")
	}
}

func TestOfferNeedsAName(t *testing.T) {
	g := newNameRig(t)
	g.begin()
	g.engine.page.Remembered = &registry.Connection{ID: "corp"}
	if _, page := g.do(http.MethodGet, g.path(), nil, nil); !strings.Contains(page, "Continue with corp") {
		t.Error("a connection without a name is offered without its id")
	}
}

package login

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/browsertest"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// TestPagesFit opens every kind of page in a small and a large window. None may scroll sideways or
// break its own policy. With PATCHBAY_TEST_SCREENSHOTS it takes pictures, of every page in every look.
func TestPagesFit(t *testing.T) {
	b := browsertest.Start(t)
	violations := b.Violations()
	for _, scene := range scenes(t) {
		for _, look := range looks() {
			b.Look(look)
			b.Do(chromedp.Navigate(scene.rig.server.URL+"/begin"), chromedp.Navigate(scene.rig.server.URL+scene.path))
			b.Do(scene.steps...)
			name := fmt.Sprintf("%s-%d-%s", scene.name, look.Width, look.Language)
			if look.Dark {
				name += "-dark"
			}
			if pictures() {
				b.Screenshot(name + ".png")
			}
			if got := browsertest.Get(b, chromedp.Evaluate[string](`document.documentElement.lang`)); got != look.Language {
				t.Errorf("%s: lang is %q", name, got)
			}
			if wide := browsertest.Get(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > look.Width {
				t.Errorf("%s: the page is %d px wide", name, wide)
			}
		}
	}
	if got := violations(); len(got) != 0 {
		t.Errorf("pages break their own policy: %q", got)
	}
}

func pictures() bool { return os.Getenv("PATCHBAY_TEST_SCREENSHOTS") != "" }

// looks lists the looks that differ most, or all of them when somebody wants to see.
func looks() []browsertest.View {
	some := []browsertest.View{
		{Width: 360, Height: 800, Language: "nb"},
		{Width: 1280, Height: 800, Language: "en", Dark: true},
	}
	if !pictures() {
		return some
	}
	var all []browsertest.View
	for _, language := range []string{"en", "nb"} {
		for _, dark := range []bool{false, true} {
			for _, view := range some {
				all = append(all, browsertest.View{Width: view.Width, Height: 800, Language: language, Dark: dark})
			}
		}
	}
	return all
}

type scene struct {
	name  string
	rig   *rig
	path  string
	steps []chromedp.Action[chromedp.Void]
}

func scenes(t *testing.T) []scene {
	plain, one, three := newRig(t), newRig(t, "Acme Entra ID"), newRig(t, "Acme Entra ID", "Partner Auth0", "Google Workspace")
	long := newRig(t, "Ekspedisjonsavdelingens-felles-identitetsleverandør-for-kundeservice")
	long.engine.page.Tenant.Name = "Nordre Trøndelag Interkommunale Kundesenter og Sentralbordtjeneste AS"
	long.engine.page.Client.Name = "Agentarbeidsflate for telefoni, chat og e-post"

	question, confirm := newDeviceRig(t, broker.DeviceQuestion), newDeviceRig(t, broker.DeviceConfirm)
	in, out := newDeviceRig(t, broker.DeviceIsIn), newDeviceRig(t, broker.DeviceIsOut)
	asks := newDeviceRig(t, broker.DeviceConfirm)
	asks.engine.device.Scope = []string{"openid", "profile", "offline_access", "contact-centre"}
	longQuestion := newDeviceRig(t, broker.DeviceQuestion)
	longQuestion.engine.device.Tenant.Name = long.engine.page.Tenant.Name
	longQuestion.engine.device.Client.Name = long.engine.page.Client.Name

	anywhere := newRig(t) // a platform client, before anybody has said whose they are
	anywhere.engine.page.Tenant = nil

	name, offer, password := newNameRig(t, "Acme Entra ID"), newNameRig(t, "Acme Entra ID"), newNameRig(t)
	offer.engine.page.Remembered = offer.engine.page.Connections[0]
	longName := newNameRig(t, "Ekspedisjonsavdelingens-felles-identitetsleverandør-for-kundeservice")
	toPassword := []chromedp.Action[chromedp.Void]{
		chromedp.SendKeys(chromedp.CSS("#username"), "anna.berg@elsewhere.example\r"), chromedp.WaitReady(chromedp.CSS("#password")),
	}
	anywhereName := newNameRig(t)
	anywhereName.engine.page.Tenant = nil

	refused := newRig(t, "Acme Entra ID")
	refused.engine.err = &broker.Refusal{Reason: broker.ReasonUpstream, LoginID: id.ID{0xca, 0xfe, 9, 4: 0x42}, AttemptID: refused.engine.page.AttemptID}
	final := newRig(t)
	final.engine.err = &broker.Refusal{Reason: broker.ReasonNotProvisioned, LoginID: id.ID{0xca, 0xfe, 9, 4: 0x42}}
	ruled := newRig(t)
	ruled.engine.err = &broker.Refusal{
		Reason: "contractor", ByRule: true, LoginID: id.ID{0xca, 0xfe, 9, 4: 0x42}, AttemptID: ruled.engine.page.AttemptID,
		Message: map[string]string{
			"en": "Contractors sign in at https://partners.acme.example/a-very-long-address-of-the-portal-for-everybody-who-is-not-employed. <b>Ask there.</b>",
			"nb": "Innleide logger inn på partners.acme.example.",
		},
	}
	noLogout := newRig(t)
	noLogout.engine.err = &broker.Refusal{Reason: broker.ReasonLogout}
	pages := newRig(t)
	pages.extra = func(w http.ResponseWriter, r *http.Request) {
		pages.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error {
			switch r.URL.Path {
			case "/logout":
				return pages.pages.AskLogout(w, r, LogoutQuestion{Path: "/logout", Tenant: "Acme Support", Values: url.Values{"state": {"x"}}})
			case "/logged-out":
				return pages.pages.LoggedOut(w, r, Farewell{Tenant: "Acme Support", ReturnURI: "https://agent.test/"})
			}
			return UnregisteredRedirect
		})
	}
	wrong := []chromedp.Action[chromedp.Void]{
		chromedp.SendKeys(chromedp.CSS("#username"), "anna.berg"), chromedp.SendKeys(chromedp.CSS("#password"), "wrong\r"),
		chromedp.WaitReady(chromedp.CSS("#problem")),
	}
	return []scene{
		{"login-plain", plain, plain.path(), nil},
		{"login-one", one, one.path(), nil},
		{"login-anywhere", anywhere, anywhere.path(), nil},
		{"consent", one, one.path() + "/consent", nil},
		{"consent-long", long, long.path() + "/consent", nil},
		{"login-three", three, three.path(), nil},
		{"login-long", long, long.path(), nil},
		{"login-wrong", one, one.path(), wrong},
		{"name", name, name.path(), nil},
		{"name-long", longName, longName.path(), nil},
		{"name-password", password, password.path(), toPassword},
		{"name-password-anywhere", anywhereName, anywhereName.path(), toPassword},
		{"name-offer", offer, offer.path(), nil},
		{"refused-again", refused, "/login/acme/entra/callback", nil},
		{"refused-final", final, "/login/acme/entra/callback", nil},
		{"problem-ruled", ruled, "/login/acme/entra/callback", nil},
		{"logout", pages, "/logout", nil},
		{"logged-out", pages, "/logged-out", nil},
		{"logout-unknown", pages, "/login/acme/adfs/saml/slo", nil},
		{"logout-refused", noLogout, "/login/acme/adfs/saml/slo?SAMLRequest=x", nil},
		{"problem", pages, "/authorize", nil},
		{"device-code", plain, "/device", nil},
		{"device-code-filled", plain, "/device?user_code=BCDF-GHJK", nil},
		{"device-question", question, question.devicePath(), nil},
		{"device-question-long", longQuestion, longQuestion.devicePath(), nil},
		{"device-confirm", confirm, confirm.devicePath(), nil},
		{"device-confirm-asks", asks, asks.devicePath(), nil},
		{"device-in", in, in.devicePath(), nil},
		{"device-out", out, out.devicePath(), nil},
	}
}

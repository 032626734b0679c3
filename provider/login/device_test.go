package login

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/web"
	"github.com/patchbay-auth/patchbay/mapping"
)

// The fake engine has one device, that of its attempt.

func (e *fakeEngine) BeginDevice(_ context.Context, code string, b broker.Browser) (broker.Next, error) {
	e.userCode = code
	next, err := e.step(e.page.AttemptID, b)
	return next, err
}

func (e *fakeEngine) DevicePage(_ context.Context, attempt id.ID, b broker.Browser) (broker.DevicePage, error) {
	if err := e.check(attempt, b); err != nil {
		return broker.DevicePage{}, err
	}
	return e.device, e.err
}

func (e *fakeEngine) deviceStep(name string, attempt id.ID, b broker.Browser) (broker.Next, error) {
	e.deviceSteps = append(e.deviceSteps, name)
	return e.step(attempt, b)
}

func (e *fakeEngine) ContinueDevice(_ context.Context, attempt id.ID, b broker.Browser) (broker.Next, error) {
	return e.deviceStep("continue", attempt, b)
}

func (e *fakeEngine) ChangeUser(_ context.Context, attempt id.ID, b broker.Browser) (broker.Next, error) {
	return e.deviceStep("user", attempt, b)
}

func (e *fakeEngine) AllowDevice(_ context.Context, attempt id.ID, b broker.Browser) (broker.Next, error) {
	return e.deviceStep("allow", attempt, b)
}

func (e *fakeEngine) DenyDevice(_ context.Context, attempt id.ID, b broker.Browser) (broker.Next, error) {
	return e.deviceStep("deny", attempt, b)
}

// newDeviceRig is a rig whose attempt is for a device, at a stage.
func newDeviceRig(t *testing.T, stage broker.DeviceStage) *rig {
	t.Helper()
	g := newRig(t)
	g.engine.device = broker.DevicePage{
		AttemptID: g.engine.page.AttemptID, Stage: stage, UserCode: "BCDFGHJK",
		Tenant: &registry.Tenant{Account: "acme", Name: "Acme Support"},
		Client: &registry.Client{ID: "agent", Name: "Agent application"},
		User:   mapping.User{ID: "4711", Username: "anna.berg", GivenName: "Anna", FamilyName: "Berg"},
	}
	g.engine.next = broker.Next{Step: broker.StepDevice, AttemptID: g.engine.page.AttemptID}
	return g
}

func (g *rig) devicePath() string { return g.pages.DeviceURL(g.engine.page.AttemptID) }

func TestDevicePageAsksByStage(t *testing.T) {
	for _, test := range []struct {
		name  string
		stage broker.DeviceStage
		says  []string
		steps []string // that its forms lead to
	}{
		{
			"question", broker.DeviceQuestion,
			[]string{"Is this you?", "Agent application", "Acme Support", "BCDF-GHJK", "If somebody sent you the code"},
			[]string{"", "/deny"},
		},
		{
			"last question", broker.DeviceConfirm,
			[]string{"Sign in the device as Anna Berg?", "Agent application", "BCDF-GHJK", "I am not Anna Berg"},
			[]string{"/allow", "/deny", "/user"},
		},
		{"allowed", broker.DeviceIsIn, []string{"The device is signed in"}, nil},
		{"denied", broker.DeviceIsOut, []string{"The device was not signed in"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newDeviceRig(t, test.stage)
			g.begin()
			r, body := g.do(http.MethodGet, g.devicePath(), nil, nil)
			if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-store" ||
				!strings.Contains(r.Header.Get("Content-Security-Policy"), "form-action 'self';") {
				t.Errorf("status %d, headers %v", r.StatusCode, r.Header)
			}
			for _, want := range test.says {
				if !strings.Contains(body, want) {
					t.Errorf("the page does not say %q:\n%s", want, body)
				}
			}
			if got := strings.Count(body, "<form"); got != len(test.steps) {
				t.Errorf("the page has %d forms, want %v", got, test.steps)
			}
			for _, step := range test.steps {
				if !strings.Contains(body, `action="`+g.devicePath()+step+`"`) {
					t.Errorf("no form leads to %q", step)
				}
			}
		})
	}
}

func TestDeviceForms(t *testing.T) {
	g := newDeviceRig(t, broker.DeviceQuestion)
	g.begin()
	for at, want := range map[string]string{"": "continue", "/user": "user", "/allow": "allow", "/deny": "deny"} {
		g.engine.deviceSteps = nil
		r, _ := g.post(g.devicePath()+at, nil, nil)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != g.devicePath() {
			t.Errorf("%s: %d to %q", want, r.StatusCode, r.Header.Get("Location"))
		}
		if len(g.engine.deviceSteps) != 1 || g.engine.deviceSteps[0] != want {
			t.Errorf("POST %q did %v, want %s", at, g.engine.deviceSteps, want)
		}
		g.engine.deviceSteps = nil
		stolen := url.Values{web.FormTokenField: {g.site.FormToken(g.engine.binding, g.devicePath()+"/other")}}
		if r, _ := g.do(http.MethodPost, g.devicePath()+at, stolen, nil); r.StatusCode != http.StatusForbidden || len(g.engine.deviceSteps) > 0 {
			t.Errorf("%s with another form's token: %d, did %v", want, r.StatusCode, g.engine.deviceSteps)
		}
	}
}

func TestUserCodeIsOnlyFilledIn(t *testing.T) {
	g := newDeviceRig(t, broker.DeviceQuestion)
	r, body := g.do(http.MethodGet, "/device?user_code=BCDF-GHJK", nil, nil)
	if r.StatusCode != http.StatusOK || !strings.Contains(body, `value="BCDF-GHJK"`) || !strings.Contains(body, "Check that your device shows exactly this code") {
		t.Errorf("the page of a complete address: %d\n%s", r.StatusCode, body)
	}
	if g.engine.calls != 0 {
		t.Error("the code was looked up before anybody asked for it")
	}
	if len(r.Cookies()) != 1 {
		t.Errorf("a first visitor got %d cookies, want the binding", len(r.Cookies()))
	}
	_, hostile := g.do(http.MethodGet, "/device?user_code="+url.QueryEscape(`"><script>`), nil, nil)
	if strings.Contains(hostile, "<script>") || !strings.Contains(hostile, "&#34;&gt;&lt;script&gt;") {
		t.Errorf("markup in the code: %s", hostile)
	}
	if _, long := g.do(http.MethodGet, "/device?user_code="+strings.Repeat("B", 21), nil, nil); strings.Contains(long, "BBB") {
		t.Error("a code that is too long was filled in")
	}
}

func TestWrongUserCodeIsShownAgain(t *testing.T) {
	g := newDeviceRig(t, broker.DeviceQuestion)
	g.begin()
	if r, _ := g.post("/device", url.Values{"user_code": {"bcdf ghjk"}}, nil); r.Header.Get("Location") != g.devicePath() || g.engine.userCode != "bcdf ghjk" {
		t.Fatalf("positive control: %d to %q with %q", r.StatusCode, r.Header.Get("Location"), g.engine.userCode)
	}
	for _, test := range []struct {
		err    *broker.Refusal
		status int
		says   string
	}{
		{&broker.Refusal{Reason: broker.ReasonUserCode}, 400, "No device shows this code"},
		{&broker.Refusal{Reason: broker.ReasonTooManyCodes, RetryAfter: 90 * time.Second}, 429, "Try again in 2 min."},
	} {
		g.engine.err = test.err
		r, body := g.post("/device", url.Values{"user_code": {"bcdf ghjk"}}, nil)
		if r.StatusCode != test.status || !strings.Contains(body, test.says) || !strings.Contains(body, `value="bcdf ghjk"`) {
			t.Errorf("%s: %d\n%s", test.err.Reason, r.StatusCode, body)
		}
	}
	g.engine.err = nil
	if r, _ := g.post("/device", url.Values{"user_code": {"a", "b"}}, nil); r.StatusCode != http.StatusBadRequest {
		t.Errorf("two codes: %d", r.StatusCode)
	}
}

// TestLoginForADevice: the login page offers no application to go back to, and leads to the device.
func TestLoginForADevice(t *testing.T) {
	g := newDeviceRig(t, broker.DeviceConfirm)
	g.begin()
	g.engine.page.Purpose, g.engine.page.RedirectURI = broker.PurposeDevice, ""
	if _, body := g.do(http.MethodGet, g.path(), nil, nil); !strings.Contains(body, "the device is not signed in") || strings.Contains(body, "go back to") {
		t.Errorf("the page says %s", body)
	}
	g.engine.next.Answer = &broker.Answer{Request: broker.AuthRequest{Issuer: "https://sso.example/id"}, SessionToken: "s3ss10n"}
	r, _ := g.post(g.path(), credentialsForm("anna.berg", rightPassword), nil)
	if r.Header.Get("Location") != g.devicePath() || len(r.Cookies()) != 1 || r.Cookies()[0].Value != "s3ss10n" {
		t.Errorf("after the login: %d to %q, cookies %v", r.StatusCode, r.Header.Get("Location"), r.Cookies())
	}
}

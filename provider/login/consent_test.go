package login

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
)

func TestConsentIsAskedAndAnswered(t *testing.T) {
	g := newRig(t)
	g.begin()
	path := g.path() + "/consent"
	response, body := g.do(http.MethodGet, path, nil, nil)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
	for _, text := range []string{"Anna Berg", "Your e-mail address", "<li>reports</li>"} {
		if !strings.Contains(body, text) {
			t.Errorf("the question does not say %q:\n%s", text, body)
		}
	}
	g.engine.next = broker.Next{Step: broker.StepConsent, AttemptID: g.engine.page.AttemptID}
	for action, yes := range map[string]bool{path: true, path + "/deny": false} {
		g.engine.consented = nil
		response, _ := g.post(action, nil, nil)
		if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != path {
			t.Errorf("%s: %d to %q", action, response.StatusCode, response.Header.Get("Location"))
		}
		if !slices.Equal(g.engine.consented, []bool{yes}) {
			t.Errorf("%s: the engine was told %v", action, g.engine.consented)
		}
		g.engine.consented = nil
		response, _ = g.do(http.MethodPost, action, nil, nil)
		if response.StatusCode < 400 || len(g.engine.consented) != 0 {
			t.Errorf("%s without the page's token: status %d, and the engine was told %v", action, response.StatusCode, g.engine.consented)
		}
	}
}

func TestTheCustomerNumberIsAskedWhereNothingElseTells(t *testing.T) {
	g := newRig(t)
	g.begin()
	const field = `name="customer_number"`
	if _, body := g.do(http.MethodGet, g.path(), nil, nil); strings.Contains(body, field) {
		t.Error("it is asked although the tenant is known")
	}
	g.engine.page.Tenant = nil
	if _, body := g.do(http.MethodGet, g.path(), nil, nil); !strings.Contains(body, field) {
		t.Error("it is not asked although nothing tells the tenant")
	}
	form := credentialsForm("anna", "wrong")
	form.Set("customer_number", " 10010 ")
	_, body := g.post(g.path(), form, nil)
	if !strings.Contains(body, `value="10010"`) {
		t.Errorf("what was typed is not kept:\n%s", body)
	}
	form.Add("customer_number", "10020")
	if response, _ := g.post(g.path(), form, nil); response.StatusCode != http.StatusBadRequest {
		t.Errorf("two numbers: status %d", response.StatusCode)
	}
}

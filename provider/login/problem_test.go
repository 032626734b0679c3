package login

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/web"
)

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		key    string
		status int
		level  slog.Level
	}{
		{"a problem with details", fmt.Errorf("%w: client %q", UnknownClient, "x"), "unknown_client", 400, slog.LevelInfo},
		{"a refusal with context", fmt.Errorf("callback: %w", &broker.Refusal{Reason: broker.ReasonUsed}), "already_used", 400, slog.LevelInfo},
		{"a refusal that is ours", &broker.Refusal{Reason: broker.ReasonBusy, Err: NoPage}, "busy", 503, slog.LevelWarn},
		{"a throttled account", &broker.Refusal{Reason: broker.ReasonThrottled, RetryAfter: time.Minute}, "throttled", 429, slog.LevelInfo},
		{"an address that asks too fast", TooManyRequests, "too_many_requests", 429, slog.LevelInfo},
		{"a forged form", fmt.Errorf("cancel: %w", web.ErrForged), "forged", 403, slog.LevelWarn},
		{"anything else", errors.New("database is on fire"), "unavailable", 503, slog.LevelError},
		{"a reason without a page", &broker.Refusal{Reason: "new"}, "unavailable", 503, slog.LevelError},
		{"a reason of a tenant's rule", &broker.Refusal{Reason: "guest", ByRule: true}, "refused_by_rule", 400, slog.LevelInfo},
		{"a reason of ours, by a tenant's rule", &broker.Refusal{Reason: broker.ReasonInactive, ByRule: true}, "inactive", 400, slog.LevelInfo},
		{"a problem without a page", Problem("new"), "unavailable", 503, slog.LevelError},
		{"a browser that went away", fmt.Errorf("reading: %w", context.Canceled), "unavailable", 503, slog.LevelInfo},
	} {
		o := judge(test.err)
		if o.key != test.key || o.status != test.status || o.level != test.level {
			t.Errorf("%s: %s %d %v, want %s %d %v", test.name, o.key, o.status, o.level, test.key, test.status, test.level)
		}
		if (o.retryAfter > 0) != (o.status == http.StatusServiceUnavailable || o.status == http.StatusTooManyRequests) {
			t.Errorf("%s: %d with Retry-After %v", test.name, o.status, o.retryAfter)
		}
	}
}

func TestBelowAPath(t *testing.T) {
	site, err := web.NewSite(web.SiteConfig{PublicURL: "https://acme.example/broker"})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := NewPages(PagesConfig{Site: site})
	if err != nil {
		t.Fatal(err)
	}
	g := newRig(t, "Entra")
	h, err := New(Config{Engine: g.engine, Site: site, Pages: pages, Answer: g.answer, Issuer: "https://sso.test/id", Ended: func() {}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path string
		want int
	}{
		{pages.AttemptURL(g.engine.page.AttemptID), http.StatusOK},
		{strings.TrimPrefix(pages.AttemptURL(g.engine.page.AttemptID), "/broker"), http.StatusNotFound},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, nil))
		if w.Code != test.want {
			t.Fatalf("%s: %d, want %d", test.path, w.Code, test.want)
		}
		if form := `action="` + test.path + `/with/entra"`; w.Code == http.StatusOK && !strings.Contains(w.Body.String(), form) {
			t.Errorf("%s: the page lacks %s", test.path, form)
		}
	}
}

func TestTenantText(t *testing.T) {
	site, err := web.NewSite(web.SiteConfig{PublicURL: "https://acme.example"})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := NewPages(PagesConfig{Site: site})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	request.Header.Set("Accept-Language", "nb")
	norwegian := pages.language(request, nil)
	for want, message := range map[string]map[string]string{
		"Bruk VPN": {"en": "Use the VPN", "nb": "Bruk VPN"}, "Use the VPN": {"en": "Use the VPN", "de": "VPN"}, "VPN nehmen": {"de": "VPN nehmen"},
		norwegian.Text("refused_by_rule.what"): nil,
	} {
		o := judge(&broker.Refusal{Reason: "guest", ByRule: true, Message: message})
		if got := o.what(norwegian); got != want {
			t.Errorf("%v is told as %q", message, got)
		}
	}
}

package login

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/patchbay-auth/patchbay/internal/browsertest"
)

// TestFrames: the page may show the frames it was given and go on when they have loaded, and the
// policy allows it nothing else.
func TestFrames(t *testing.T) {
	g := newRig(t)
	var farewell Farewell
	g.extra = func(w http.ResponseWriter, r *http.Request) {
		g.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error { return g.pages.LoggedOut(w, r, farewell) })
	}
	frames := []string{"https://a.test/bye?iss=x&sid=1", "https://a.test/other", `https://b.test/"><script>alert(1)</script>`, "javascript:alert(1)"}
	for _, test := range []struct {
		name          string
		farewell      Farewell
		sources       string
		frames        int
		posts         bool
		script, waits bool
	}{
		{name: "no client"},
		{name: "a way back", farewell: Farewell{ReturnURI: "https://a.test/"}},
		{name: "frames", farewell: Farewell{Frames: frames}, sources: "https://a.test https://b.test", frames: 4},
		{name: "frames and a way back", farewell: Farewell{Frames: frames, ReturnURI: "https://a.test/"}, sources: "https://a.test https://b.test", frames: 4, script: true, waits: true},
		{name: "frames and a form", farewell: Farewell{Frames: frames, ReturnURI: "https://idp.test/slo", Form: url.Values{"SAMLRequest": {`"><script>alert(1)</script>`}}}, sources: "https://a.test https://b.test", frames: 4, posts: true},
	} {
		farewell = test.farewell
		r, body := g.do(http.MethodGet, "/out", nil, nil)
		policy := r.Header.Get("Content-Security-Policy")
		_, sources, _ := strings.Cut(policy, "frame-src ")
		sources, _, _ = strings.Cut(sources, ";")
		if r.StatusCode != http.StatusOK || sources != test.sources || strings.Count(body, "<iframe") != test.frames {
			t.Errorf("%s: %d, frame-src %q, %d frames", test.name, r.StatusCode, sources, strings.Count(body, "<iframe"))
		}
		if strings.Contains(policy, "script-src") != (test.script || test.posts) || strings.Contains(body, "<script>addEventListener") != test.script || (r.Header.Get("Refresh") != "") != test.waits {
			t.Errorf("%s: policy %q, Refresh %q", test.name, policy, r.Header.Get("Refresh"))
		}
		if strings.Contains(body, `<form method="post" action="https://idp.test/slo">`) != test.posts || strings.Contains(body, "<button") != test.posts ||
			strings.Contains(policy, "form-action https: https://idp.test;") != test.posts {
			t.Errorf("%s: policy %q, %s", test.name, policy, body)
		}
		if strings.Contains(body, "<script>alert") || strings.Contains(body, `src="javascript`) {
			t.Errorf("%s: a frame's address is markup:\n%s", test.name, body)
		}
	}
}

// TestAFormAfterFrames is posted when they have loaded, or when one of them never does, under the policy that
// a real browser enforces; and where scripts are off by its button.
func TestAFormAfterFrames(t *testing.T) {
	b := browsertest.Start(t)
	violations := b.Violations()
	hung := make(chan struct{})
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hung" {
			<-hung
		}
		_ = r.ParseForm()
		_, _ = fmt.Fprintf(w, "arrived with %s %s", r.Method, r.PostForm.Encode())
	}))
	t.Cleanup(there.Close)
	t.Cleanup(func() { close(hung) })
	for _, tc := range []struct {
		name, frame string
		scripts     bool
	}{
		{"a frame that loads", "/bye", true},
		{"a frame that never does", "/hung", true},
		{"without scripts", "/bye", false},
	} {
		g := newRig(t)
		g.extra = func(w http.ResponseWriter, r *http.Request) {
			g.pages.Serve(w, r, func(w http.ResponseWriter, r *http.Request) error {
				return g.pages.LoggedOut(w, r, Farewell{Frames: []string{there.URL + tc.frame}, ReturnURI: there.URL + "/slo", Form: url.Values{"SAMLRequest": {"x"}}})
			})
		}
		b.Scripts(tc.scripts)
		b.Do(chromedp.Navigate(g.server.URL + "/out"))
		if !tc.scripts {
			b.Do(chromedp.Click(chromedp.CSS("button.primary")))
		}
		if got := arrival(b); got != "arrived with POST SAMLRequest=x" {
			t.Errorf("%s: %q", tc.name, got)
		}
	}
	if got := violations(); len(got) != 0 {
		t.Errorf("the policy is broken: %q", got)
	}
}

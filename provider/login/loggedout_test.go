package login

import (
	"net/http"
	"strings"
	"testing"
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
		script, waits bool
	}{
		{name: "no client"},
		{name: "a way back", farewell: Farewell{ReturnURI: "https://a.test/"}},
		{name: "frames", farewell: Farewell{Frames: frames}, sources: "https://a.test https://b.test", frames: 4},
		{name: "frames and a way back", farewell: Farewell{Frames: frames, ReturnURI: "https://a.test/"}, sources: "https://a.test https://b.test", frames: 4, script: true, waits: true},
	} {
		farewell = test.farewell
		r, body := g.do(http.MethodGet, "/out", nil, nil)
		policy := r.Header.Get("Content-Security-Policy")
		_, sources, _ := strings.Cut(policy, "frame-src ")
		sources, _, _ = strings.Cut(sources, ";")
		if r.StatusCode != http.StatusOK || sources != test.sources || strings.Count(body, "<iframe") != test.frames {
			t.Errorf("%s: %d, frame-src %q, %d frames", test.name, r.StatusCode, sources, strings.Count(body, "<iframe"))
		}
		if strings.Contains(policy, "script-src") != test.script || strings.Contains(body, "<script>addEventListener") != test.script || (r.Header.Get("Refresh") != "") != test.waits {
			t.Errorf("%s: policy %q, Refresh %q", test.name, policy, r.Header.Get("Refresh"))
		}
		if strings.Contains(body, "<script>alert") || strings.Contains(body, `src="javascript`) {
			t.Errorf("%s: a frame's address is markup:\n%s", test.name, body)
		}
	}
}

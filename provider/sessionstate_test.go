package provider_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestSessionState: the realm layout names the session beside whatever it answers with, and always the
// same one; the shared layout, and an answer that is an error, never do.
func TestSessionState(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		w.frontClient()
		b := w.browser()
		q := b.logIn(authorizeURL(l), "ana")
		tokens := w.post(l.token, "agent-app", redemption(q.Get("code"))).json(t)
		want, _ := tokens["session_state"].(string)
		if l.realm() != (want != "") || q.Get("session_state") != want {
			t.Fatalf("session_state is %q beside the code, %q beside the tokens", q.Get("session_state"), want)
		}
		if sid := text(part(t, text(tokens, "id_token"), 1), "sid"); l.realm() && strings.ReplaceAll(want, "-", "") != sid {
			t.Errorf("session_state is %s, sid is %s", want, sid)
		}
		for _, responseType := range []string{"code", "id_token", "id_token token", "code token", "code id_token token"} {
			to := b.get(authorizeURL(l, "response_type", responseType)).location(t)
			said := to.EscapedFragment()
			if responseType == "code" {
				said = to.RawQuery
			}
			q, err := url.ParseQuery(said)
			w.must(err)
			if q.Get("session_state") != want || q.Has("error") {
				t.Errorf("%s: answered with %v, want session_state %q", responseType, q, want)
			}
		}
		for _, fault := range [][]string{{"prompt", "none"}, {"scope", "masterdata"}, {"response_type", "id_token", "prompt", "none"}} {
			to := w.browser().get(authorizeURL(l, fault...)).location(t).String()
			if !strings.Contains(to, "error=") || strings.Contains(to, "session_state") {
				t.Errorf("%v: answered with %s", fault, to)
			}
		}
	})
}

package federation_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestEveryEndpointIsBounded: what discovery is held to, so is every other address that we ask.
func TestEveryEndpointIsBounded(t *testing.T) {
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	faults := []struct {
		name    string
		handler http.HandlerFunc // nil is the positive control
		want    string
	}{
		{"positive control", nil, ""},
		{"200 MB", endless, "no usable answer"}, // at the token endpoint oauth2 cuts it off
		{"redirect to another host", http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, "redirect"},
	}
	for _, path := range []string{discovery, "/keys", "/token", "/userinfo"} {
		for _, fault := range faults {
			ok := t.Run(strings.TrimPrefix(path, "/")+": "+fault.name, func(t *testing.T) {
				h := newHostile(t)
				h.info = map[string]any{"sub": "ana", "email": "ana@acme.example"}
				if fault.handler != nil {
					h.replace(path, fault.handler)
				}
				who, err := h.run(h.open(nil), attempt{change: without("email")})
				switch {
				case h.count(path) == 0:
					t.Error("it was not asked")
				case fault.want == "" && (err != nil || who.Email != "ana@acme.example"):
					t.Errorf("%+v, %v", who, err)
				case fault.want != "" && (err == nil || !strings.Contains(err.Error(), fault.want)):
					t.Errorf("error is %v, want %q", err, fault.want)
				}
			})
			if fault.handler == nil && !ok {
				t.Fatal("nobody can log in: the rest would prove nothing")
			}
		}
	}
}

// endless answers with 200 MB, unless the other side hangs up.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	chunk := []byte(strings.Repeat(" ", 1<<20))
	for range 200 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

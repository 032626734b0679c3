package federation_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/federation"
)

func TestUserinfoCompletesTheIDToken(t *testing.T) {
	h := newHostile(t)
	noEmail := without("email") // email_verified:true stays behind
	for _, tc := range []struct {
		name          string
		change        func(*forgery)
		info          map[string]any
		asked         bool
		email, dept   string
		emailVerified bool
	}{
		{"nothing is missing", nil, map[string]any{"sub": "ana", "email": "x@x.example"}, false, "ana@acme.example", "", true},
		{"not verified", claim("email_verified", false), nil, false, "ana@acme.example", "", false},
		{"email is missing", noEmail, map[string]any{"sub": "ana", "email": "b@acme.example", "email_verified": true, "department": "Support"}, true, "b@acme.example", "Support", true},
		{"verification as text", noEmail, map[string]any{"sub": "ana", "email": "b@acme.example", "email_verified": "true"}, true, "b@acme.example", "", true},
		{"verification belongs to its own address", noEmail, map[string]any{"sub": "ana", "email": "b@acme.example"}, true, "b@acme.example", "", false},
		{"nobody knows", noEmail, map[string]any{"sub": "ana"}, true, "", "", false},
		{"the ID token is not overruled", both(noEmail, claim("department", "Sales")), map[string]any{"sub": "ana", "department": "Board"}, true, "", "Sales", false},
		{"protocol claims are not taken", noEmail, map[string]any{"sub": "ana", "sid": "s", "amr": []string{"mfa"}, "acr": "gold", "auth_time": 1}, true, "", "", false},
	} {
		h.info = tc.info
		before := h.count("/userinfo")
		who, err := h.run(h.open(nil), attempt{change: tc.change})
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		dept, _ := who.Claims["department"].(string)
		if who.Email != tc.email || who.EmailVerified != tc.emailVerified || dept != tc.dept {
			t.Errorf("%s: %q verified %t, department %q", tc.name, who.Email, who.EmailVerified, dept)
		}
		if who.SessionID != "" || who.AMR != nil || who.ACR != "" || !who.AuthTime.IsZero() {
			t.Errorf("%s: userinfo set a protocol claim: %+v", tc.name, who)
		}
		if asked := h.count("/userinfo") > before; asked != tc.asked {
			t.Errorf("%s: asked userinfo %t", tc.name, asked)
		}
	}
}

func TestUserinfoOfSomebodyElseEndsTheLogin(t *testing.T) {
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
		down    bool
	}{
		{"positive control", answer(200, "application/json", `{"sub":"ana"}`), "", false},
		{"another sub", answer(200, "application/json", `{"sub":"bob","email":"bob@acme.example"}`), `sub "bob"`, false},
		{"no sub", answer(200, "application/json", `{"email":"bob@acme.example"}`), `sub ""`, false},
		{"two subs", answer(200, "application/json", `{"sub":"bob","sub":"ana"}`), "duplicate", true},
		{"SUB", answer(200, "application/json", `{"sub":"ana","SUB":"bob"}`), "misspelt", false},
		{"a JWT", answer(200, "application/jwt", `e30.e30.`), "application/jwt", true},
		{"refused", answer(403, "application/json", `{}`), "status 403", false},
		{"broken", answer(500, "text/plain", `oops`), "status 500", true},
	} {
		h := newHostile(t)
		h.replace("/userinfo", tc.handler)
		_, err := h.run(h.open(nil), attempt{change: without("email")})
		switch {
		case tc.want == "" && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case tc.want == "":
		case err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, federation.ErrUnreachable) != tc.down:
			t.Errorf("%s: error is %v, want %q, unreachable %t", tc.name, err, tc.want, tc.down)
		}
	}
}

func TestTheExternalIDIsTextOrAnInteger(t *testing.T) {
	h := newHostile(t)
	h.info = map[string]any{"sub": "ana"}
	for _, tc := range []struct {
		name  string
		value any
		want  string
		fault string
	}{
		{"text", "Ana ", "Ana ", ""},
		{"integer", 4711, "4711", ""},
		{"large integer", int64(9007199254740993), "9007199254740993", ""},
		{"null", nil, "", ""},
		{"fraction", 47.5, "", "not an integer"},
		{"list", []string{"a"}, "", "neither a string nor an integer"},
		{"boolean", true, "", "neither a string nor an integer"},
		{"NUL", "a\x00b", "", "not text"},
		{"lone surrogate", "\uFFFD", "", "not text"},
		{"long", strings.Repeat("i", 256), "", "256 bytes"},
	} {
		who, err := h.run(h.open(func(c *federation.Config) { c.ExternalIDClaim = "oid" }), attempt{change: claim("oid", tc.value)})
		switch {
		case tc.fault == "" && (err != nil || who.ExternalID != tc.want):
			t.Errorf("%s: %q, %v", tc.name, who.ExternalID, err)
		case tc.fault != "" && (err == nil || !strings.Contains(err.Error(), tc.fault)):
			t.Errorf("%s: error is %v, want %q", tc.name, err, tc.fault)
		}
	}
}

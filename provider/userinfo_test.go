package provider_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestUserinfo(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		access := text(w.issue(l, "ana"), "access_token")
		bearer := "Bearer " + access
		for _, c := range []call{
			{name: "header", method: http.MethodGet, auth: []string{bearer}, status: 200},
			{name: "lower-case scheme", method: http.MethodGet, auth: []string{"bearer " + access}, status: 200},
			{name: "POST with header", method: http.MethodPost, auth: []string{bearer}, status: 200},
			{name: "POST with body", method: http.MethodPost, media: formMedia, body: "access_token=" + access, status: 200},
			{name: "nothing", method: http.MethodGet, status: 401},
			{name: "client credentials", method: http.MethodGet, auth: []string{basic("api", strong("api"))}, status: 401},
			{name: "query", method: http.MethodGet, query: "access_token=" + access, status: 400},
			{name: "query beside the header", method: http.MethodGet, query: "access_token=" + access, auth: []string{bearer}, status: 400},
			{name: "header and body", method: http.MethodPost, media: formMedia, body: "access_token=" + access, auth: []string{bearer}, status: 400},
			{name: "two headers", method: http.MethodGet, auth: []string{bearer, bearer}, status: 400},
			{name: "duplicate in the body", method: http.MethodPost, media: formMedia, body: "access_token=" + access + "&access_token=" + access, status: 400},
			{name: "JSON body", method: http.MethodPost, media: "application/json", body: "{}", auth: []string{bearer}, status: 400},
			{name: "DELETE", method: http.MethodDelete, auth: []string{bearer}, status: 405},
		} {
			a := w.send(l.userinfo, c)
			if a.status != c.status || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s, want %d", c.name, a.status, a.body, c.status)
			}
			challenge := a.header.Get("WWW-Authenticate")
			if c.status == 401 && (!strings.HasPrefix(challenge, "Bearer ") || strings.Contains(challenge, "error=")) {
				t.Errorf("%s: challenge %q", c.name, challenge)
			}
		}
	})
}

func TestUserinfoClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		said := w.userinfo(l, "Bearer "+text(w.issue(l, "ana"), "access_token")).json(t)
		for name, want := range map[string]any{
			"sub": "4711", "name": "Ana Hansen", "preferred_username": "ana", "email": "ana.hansen@acme.example",
			"email_verified": true, "tenant_id": "10010", "softphone_address": "sip:4711@pbx.acme.example",
		} {
			if said[name] != want {
				t.Errorf("%s is %v, want %v", name, said[name], want)
			}
		}
		few := w.userinfo(l, "Bearer "+text(w.issue(l, "ana", "scope", "openid"), "access_token")).json(t)
		if len(few) != 1 || few["sub"] != "4711" {
			t.Errorf("with openid alone: %v", few)
		}
		a := w.userinfo(l, "Bearer "+text(w.issue(l, "ana", "scope", "profile"), "access_token"))
		if a.status != http.StatusForbidden || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
			t.Errorf("without openid: %d %q", a.status, a.header.Get("WWW-Authenticate"))
		}
	})
}

// TestIDTokenNeedsOpenID: the library would mint one regardless.
func TestIDTokenNeedsOpenID(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		if a := w.issue(l, "ana", "scope", "openid"); a["id_token"] == nil {
			t.Fatalf("control: %v", a)
		}
		if a := w.issue(l, "ana", "scope", "profile"); a["id_token"] != nil {
			t.Errorf("an ID token without openid: %v", a)
		}
	})
}

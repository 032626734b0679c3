package provider_test

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// TestCorridor walks the whole main job with libraries that nobody here wrote.
func TestCorridor(t *testing.T) {
	each(t, func(t *testing.T, w *world, l layout) {
		ctx := oidc.ClientContext(t.Context(), w.server.Client())
		op, err := oidc.NewProvider(ctx, l.issuer)
		w.must(err)
		config := oauth2.Config{
			ClientID: "Agent-App", ClientSecret: strong("agent-app"), Endpoint: op.Endpoint(), RedirectURL: redirectURI,
			Scopes: []string{"openid", "profile", "email", "offline_access", "roles", "contact-centre"},
		}
		pkce := oauth2.GenerateVerifier()
		said := w.browser().logIn(config.AuthCodeURL("st&te", oidc.Nonce("n-1"), oauth2.S256ChallengeOption(pkce)), "ana")
		if said.Get("state") != "st&te" || said.Get("iss") != l.issuer {
			t.Fatalf("client was told %v; want its state and iss=%s", said, l.issuer)
		}

		tokens, err := config.Exchange(ctx, said.Get("code"), oauth2.VerifierOption(pkce))
		w.must(err)
		raw, _ := tokens.Extra("id_token").(string)
		idToken, err := op.Verifier(&oidc.Config{ClientID: "Agent-App", Now: w.clock.Now}).Verify(ctx, raw)
		w.must(err)
		w.must(idToken.VerifyAccessToken(tokens.AccessToken))
		if idToken.Subject != "4711" || idToken.Nonce != "n-1" || idToken.Issuer != l.issuer {
			t.Errorf("ID token is of %q, nonce %q, issuer %q", idToken.Subject, idToken.Nonce, idToken.Issuer)
		}

		info, err := op.UserInfo(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tokens.AccessToken}))
		w.must(err)
		if info.Subject != "4711" || info.Email != "ana.hansen@acme.example" || !info.EmailVerified {
			t.Errorf("userinfo is %+v", info)
		}

		next, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token()
		w.must(err)
		if next.RefreshToken == tokens.RefreshToken || next.AccessToken == tokens.AccessToken {
			t.Error("refresh answered with the same tokens")
		}

		// The switch introspects wherever it is configured to, whichever issuer the app uses.
		for _, at := range w.layouts() {
			a := w.post(at.introspect, "sbc", url.Values{"token": {next.AccessToken}})
			said := a.json(t)
			if a.status != http.StatusOK || said["active"] != true ||
				said["username"] != "4711@pbx.acme.example" || said["softphone_address"] != "sip:4711@pbx.acme.example" {
				t.Errorf("%s: the SBC was told %d %s", at.name, a.status, a.body)
			}
		}
	})
}

// TestCorridorOnIQ: every person of the sample whose password is published logs in, and the switch
// learns the softphone the sample says, from then on without a statement to the legacy database.
func TestCorridorOnIQ(t *testing.T) {
	var statements atomic.Int64
	config := legacytest.IQConfig(t, legacy.SQLite)
	config.OnStatement = func(legacy.Statement) { statements.Add(1) }
	w := newWorldWith(t, legacytest.Open(t, config))
	l := w.layouts()[1]
	logged := 0
	for _, who := range iq.Known() {
		if who.Tenant != iq.Acme || who.Password == "" || who.Inactive {
			continue
		}
		b := w.browser()
		page := b.get(authorizeURL(l, "scope", "openid roles groups contact-centre"))
		a := b.submit(page, url.Values{"username": {who.Login}, "password": {who.Password}})
		if a.status != http.StatusSeeOther {
			t.Errorf("%s was not let in: %d", who.Login, a.status)
			continue
		}
		logged++
		tokens := w.post(l.token, "agent-app", redemption(a.location(t).Query().Get("code"))).json(t)
		access := text(tokens, "access_token")
		first := w.introspect(l, "sbc", access).json(t)
		if (who.SoftphoneAddress != "") != (first["active"] == true) || who.SoftphoneAddress != text(first, "softphone_address") {
			t.Errorf("%s: the SBC was told %v, the sample says %q", who.Login, first, who.SoftphoneAddress)
		}
		before := statements.Load()
		if again := w.introspect(l, "sbc", access).json(t); again["active"] != first["active"] || statements.Load() != before {
			t.Errorf("%s: the second time cost %d statements", who.Login, statements.Load()-before)
		}
	}
	if logged < 6 {
		t.Errorf("only %d people of the sample logged in", logged)
	}
}

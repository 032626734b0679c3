package federation_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/mapping"
)

const callback = "http://127.0.0.1:9/login/acme/corp/callback"

// startIdP starts a real IdP with one user and three relying parties.
func startIdP(t *testing.T) *idptest.IdP {
	t.Helper()
	redirects := []string{callback}
	idp, err := idptest.Start(idptest.Config{
		Clients: []idptest.Client{
			{ID: "patchbay", Secret: "a secret: with/odd+chars", RedirectURIs: redirects},
			{ID: "lazy", Secret: "s", RedirectURIs: redirects, ClaimsInUserinfo: true},
			{ID: "public", RedirectURIs: redirects},
		},
		Users: []idptest.User{{
			Subject: "auth0|7", Login: "ana", Password: "correct horse",
			Claims: map[string]any{
				"email": "ana@acme.example", "email_verified": true, "oid": "0b1f-77", "department": "Support", "employeeid": 4711,
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := idp.Close(); err != nil {
			t.Error(err)
		}
	})
	return idp
}

func open(t *testing.T, cfg federation.Config) *federation.OIDC {
	t.Helper()
	cfg.Connection, cfg.AllowPrivateNetwork = "corp", true
	o, err := federation.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// login walks one login and returns what Finish said.
func login(t *testing.T, o *federation.OIDC) (mapping.Identity, error) {
	t.Helper()
	started, back := walk(t, o, func(ctx context.Context, address string) (string, error) {
		return idptest.Login(ctx, nil, address, "ana", "correct horse")
	})
	return o.Finish(t.Context(), federation.Response{Memo: started.Memo, RedirectURI: callback, Params: back})
}

func walk(t *testing.T, o *federation.OIDC, browser func(context.Context, string) (string, error)) (federation.Started, url.Values) {
	t.Helper()
	started, err := o.Start(t.Context(), federation.StartRequest{State: "st&te", RedirectURI: callback, MaxAge: -1})
	if err != nil {
		t.Fatal(err)
	}
	back, err := browser(t.Context(), started.URL)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Scheme + "://" + u.Host + u.Path; got != callback {
		t.Fatalf("the IdP redirected to %q", back)
	}
	if got := u.Query().Get("state"); got != "st&te" {
		t.Fatalf("state is %q", got)
	}
	return started, u.Query()
}

func TestAPersonLogsInAtARealIdP(t *testing.T) {
	idp := startIdP(t)
	for _, tc := range []struct {
		name   string
		cfg    federation.Config
		wantID string
	}{
		{"claims in the ID token", federation.Config{ClientID: "patchbay", ClientSecret: secret.New("a secret: with/odd+chars"), ExternalIDClaim: "oid"}, "0b1f-77"},
		{"claims in userinfo", federation.Config{ClientID: "lazy", ClientSecret: secret.New("s"), ExternalIDClaim: "oid"}, "0b1f-77"},
		{"public client", federation.Config{ClientID: "public"}, "auth0|7"},
		{"integer as external id", federation.Config{ClientID: "public", ExternalIDClaim: "employeeid"}, "4711"},
		{"external id the IdP does not send", federation.Config{ClientID: "public", ExternalIDClaim: "upn"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.cfg.Issuer = idp.Issuer()
			before := time.Now()
			who, err := login(t, open(t, tc.cfg))
			if err != nil {
				t.Fatal(err)
			}
			if who.Connection != "corp" || who.Issuer != idp.Issuer() || who.Subject != "auth0|7" || who.ExternalID != tc.wantID {
				t.Errorf("identity is %+v, want external id %q", who, tc.wantID)
			}
			if who.Email != "ana@acme.example" || !who.EmailVerified || who.Claims["department"] != "Support" {
				t.Errorf("claims are %v", who.Claims)
			}
			if age := who.AuthTime.Sub(before); age < -2*time.Second || age > time.Minute {
				t.Errorf("auth time is %s", who.AuthTime)
			}
			if len(who.AMR) != 1 || who.AMR[0] != "pwd" || len(who.LogoutHint) == 0 {
				t.Errorf("amr is %q, logout hint has %d bytes", who.AMR, len(who.LogoutHint))
			}
		})
	}
}

func TestWhatTheIdPRefusesIsItsError(t *testing.T) {
	idp := startIdP(t)
	o := open(t, federation.Config{Issuer: idp.Issuer(), ClientID: "public"})
	if _, err := login(t, o); err != nil {
		t.Fatal("positive control:", err)
	}
	cancel := func(ctx context.Context, address string) (string, error) { return idptest.Cancel(ctx, nil, address) }
	for _, tc := range []struct{ failWith, want string }{
		{"", "access_denied"},
		{"temporarily_unavailable", "temporarily_unavailable"},
	} {
		idp.FailWith(tc.failWith)
		started, back := walk(t, o, cancel)
		_, err := o.Finish(t.Context(), federation.Response{Memo: started.Memo, RedirectURI: callback, Params: back})
		var refusal *federation.ResponseError
		if !errors.As(err, &refusal) || refusal.Code != tc.want {
			t.Errorf("FailWith(%q): %v", tc.failWith, err)
		}
	}
}

func TestAWrongPasswordNeverLeavesTheIdP(t *testing.T) {
	idp := startIdP(t)
	o := open(t, federation.Config{Issuer: idp.Issuer(), ClientID: "public"})
	started, err := o.Start(t.Context(), federation.StartRequest{State: "s", RedirectURI: callback, MaxAge: -1})
	if err != nil {
		t.Fatal(err)
	}
	if back, err := idptest.Login(t.Context(), nil, started.URL, "ana", "wrong"); err == nil {
		t.Errorf("login with a wrong password came back to %q", back)
	}
	if _, err := idptest.Login(t.Context(), nil, started.URL, "ana", "correct horse"); err != nil {
		t.Errorf("the right password afterwards: %v", err)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	idp := startIdP(t)
	o := open(t, federation.Config{Issuer: idp.Issuer(), ClientID: "public"})
	started, back := walk(t, o, func(ctx context.Context, address string) (string, error) {
		return idptest.Login(ctx, nil, address, "ana", "correct horse")
	})
	response := federation.Response{Memo: started.Memo, RedirectURI: callback, Params: back}
	if _, err := o.Finish(t.Context(), response); err != nil {
		t.Fatal("positive control:", err)
	}
	_, err := o.Finish(t.Context(), response)
	if err == nil || errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("replay: %v", err)
	}
}

func TestARotatedKeyStillLogsIn(t *testing.T) {
	idp := startIdP(t)
	o := open(t, federation.Config{Issuer: idp.Issuer(), ClientID: "public"})
	for rotation := range 3 {
		if _, err := login(t, o); err != nil {
			t.Fatalf("after %d rotations: %v", rotation, err)
		}
		if err := idp.RotateKeys(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnIdPThatIsDown(t *testing.T) {
	idp := startIdP(t)
	o := open(t, federation.Config{Issuer: idp.Issuer(), ClientID: "public"})
	started, back := walk(t, o, func(ctx context.Context, address string) (string, error) {
		return idptest.Login(ctx, nil, address, "ana", "correct horse")
	})
	idp.Down(true)
	response := federation.Response{Memo: started.Memo, RedirectURI: callback, Params: back}
	if _, err := o.Finish(t.Context(), response); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("finish: %v", err)
	}
	cold := open(t, federation.Config{Issuer: idp.Issuer(), ClientID: "public"})
	request := federation.StartRequest{State: "s", RedirectURI: callback, MaxAge: -1}
	if _, err := cold.Start(t.Context(), request); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("start: %v", err)
	}
	idp.Down(false)
	if _, err := o.Finish(t.Context(), response); err != nil {
		t.Errorf("the same callback, once the IdP is back: %v", err)
	}
	if _, err := cold.Start(t.Context(), request); err != nil {
		t.Errorf("start, once the IdP is back: %v", err)
	}
}

package saml

import (
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/federation/idptest"
	"github.com/patchbay-auth/patchbay/mapping"
)

// visit logs in at the IdP and returns what the browser brings back.
func visit(t *testing.T, s *SAML, r federation.StartRequest) federation.Response {
	t.Helper()
	r.State = "st&te"
	started, err := s.Start(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := idptest.LoginSAML(t.Context(), nil, started.URL, started.Form, "ana", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if back.Action != s.consumer() || back.Fields.Get("RelayState") != "st&te" {
		t.Fatalf("the IdP posts to %q with the relay state %q", back.Action, back.Fields.Get("RelayState"))
	}
	return federation.Response{Memo: started.Memo, Params: back.Fields}
}

func login(t *testing.T, s *SAML) (mapping.Identity, error) {
	t.Helper()
	return s.Finish(t.Context(), visit(t, s, federation.StartRequest{MaxAge: -1}))
}

func TestAPersonLogsInAtARealIdP(t *testing.T) {
	idp := startIdP(t)
	for _, tc := range []struct {
		name      string
		cfg       Config
		plaintext bool
		wantID    string
	}{
		{"redirect, encrypted assertion", Config{}, false, `acme\ana`},
		{"redirect, signed request", Config{SignRequests: true}, false, `acme\ana`},
		{"POST, signed request", Config{SignRequests: true, RequestBinding: BindingPOST}, false, `acme\ana`},
		{"assertion in the clear", Config{}, true, `acme\ana`},
		{"both signatures and encryption required", Config{WantSigned: SignedBoth, WantEncrypted: EncryptionRequired}, false, `acme\ana`},
		{"response signature required", Config{WantSigned: SignedResponse}, true, `acme\ana`},
		{"attribute as external id", Config{ExternalIDClaim: "employeeNumber"}, false, "4711"},
		{"renamed attribute as external id", Config{ExternalIDClaim: "number", Attributes: map[string]string{"number": "employeeNumber"}}, false, "4711"},
		{"attribute that the IdP does not send", Config{ExternalIDClaim: "upn"}, false, ""},
		{"persistent NameID demanded", Config{NameIDFormat: FormatPersistent}, false, `acme\ana`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.cfg.MetadataURL = idp.MetadataURL()
			s := open(t, tc.cfg)
			introduce(t, idp, s)
			idp.Plaintext(tc.plaintext)
			before := time.Now()
			who, err := login(t, s)
			if err != nil {
				t.Fatal(err)
			}
			if who.Connection != "adfs" || who.Issuer != idp.MetadataURL() || who.Subject != `acme\ana` || who.ExternalID != tc.wantID {
				t.Errorf("identity is %+v, want external id %q", who, tc.wantID)
			}
			if who.Email != "ana@acme.example" || who.EmailVerified || who.Claims["department"] != "Support" || who.Claims[NameID] != `acme\ana` {
				t.Errorf("claims are %v", who.Claims)
			}
			if age := who.AuthTime.Sub(before); age < -2*time.Second || age > time.Minute || who.SessionID == "" {
				t.Errorf("auth time is %s, session %q", who.AuthTime, who.SessionID)
			}
			asked := idp.Seen()
			if last := asked[len(asked)-1]; last.Signed != tc.cfg.SignRequests || last.ForceAuthn {
				t.Errorf("the IdP was asked %+v", last)
			}
		})
	}
}

func TestARequestCanForceALogin(t *testing.T) {
	idp := startIdP(t)
	s := open(t, Config{MetadataURL: idp.MetadataURL()})
	introduce(t, idp, s)
	for _, tc := range []struct {
		name  string
		start federation.StartRequest
		want  bool
	}{
		{"nothing asked", federation.StartRequest{MaxAge: -1}, false},
		{"prompt=login", federation.StartRequest{MaxAge: -1, Prompt: "login"}, true},
		{"max_age", federation.StartRequest{MaxAge: time.Minute}, true},
	} {
		if _, err := s.Finish(t.Context(), visit(t, s, tc.start)); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		asked := idp.Seen()
		if last := asked[len(asked)-1]; last.ForceAuthn != tc.want {
			t.Errorf("%s: ForceAuthn is %v", tc.name, last.ForceAuthn)
		}
	}
}

func TestAResponseIsGoodOnce(t *testing.T) {
	idp := startIdP(t)
	s := open(t, Config{MetadataURL: idp.MetadataURL()})
	introduce(t, idp, s)
	response := visit(t, s, federation.StartRequest{MaxAge: -1})
	if _, err := s.Finish(t.Context(), response); err != nil {
		t.Fatal("positive control:", err)
	}
	if _, err := s.Finish(t.Context(), response); !isReplay(err) {
		t.Errorf("replay: %v", err)
	}
}

func TestARotatedKeyStillLogsIn(t *testing.T) {
	idp := startIdP(t)
	s := open(t, Config{MetadataURL: idp.MetadataURL()})
	introduce(t, idp, s)
	for rotation := range 3 {
		if _, err := login(t, s); err != nil {
			t.Fatalf("after %d rotations: %v", rotation, err)
		}
		if err := idp.RotateKeys(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnIdPThatIsDown(t *testing.T) {
	idp := startIdP(t)
	store := newMemory(testKey(t))
	s := open(t, Config{MetadataURL: idp.MetadataURL(), Store: store})
	introduce(t, idp, s)
	response := visit(t, s, federation.StartRequest{MaxAge: -1})
	idp.Down(true)
	if _, err := s.Finish(t.Context(), response); err != nil {
		t.Errorf("an assertion needs nothing of the IdP: %v", err)
	}
	next := open(t, Config{MetadataURL: idp.MetadataURL(), Store: store})
	if _, err := next.Start(t.Context(), federation.StartRequest{MaxAge: -1}); err != nil {
		t.Errorf("the last good copy is in the state database: %v", err)
	}
	cold := open(t, Config{MetadataURL: idp.MetadataURL()})
	if _, err := cold.Start(t.Context(), federation.StartRequest{MaxAge: -1}); !errors.Is(err, federation.ErrUnreachable) {
		t.Errorf("start without metadata: %v", err)
	}
	idp.Down(false)
	if _, err := cold.Start(t.Context(), federation.StartRequest{MaxAge: -1}); err != nil {
		t.Errorf("start when it is back: %v", err)
	}
}

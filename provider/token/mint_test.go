package token_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/provider/token"
)

func TestAccessTokenOnTheWire(t *testing.T) {
	b := newBench(t)
	a := person()
	a.Claims = map[string]any{"roles": []string{"agent"}, "user_group": `"<&>` + "\u2028"}
	raw, minted := b.mint(t, access(15*time.Minute+700*time.Millisecond), a)
	kid := string(minted.KeyID)
	if diff := cmp.Diff(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": kid}, members(t, part(t, raw, 0))); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	iat := float64(start.Unix())
	want := map[string]any{
		"iss": shared, "sub": "4711", "sub_type": "user", "aud": []any{shared + "/resources", "contact-centre"},
		"client_id": "agent-app", "scope": "openid contact-centre", "iat": iat, "nbf": iat, "exp": iat + 900,
		"jti": minted.ID, "gid": "0123456789abcdef0123456789abcdef", "tenant": "acme",
		"sid": "fedcba9876543210", "auth_time": iat - 60, "acr": "1", "amr": []any{"pwd", "otp"}, "idp": "corp",
		"roles": []any{"agent"}, "user_group": `"<&>` + "\u2028",
	}
	if diff := cmp.Diff(want, members(t, part(t, raw, 1))); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if len(minted.ID) != 32 {
		t.Errorf("jti %q, want 32 hex digits", minted.ID)
	}
	got, err := b.VerifyAccess(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	minted.Claims = map[string]any{"roles": []any{"agent"}, "user_group": `"<&>` + "\u2028"} // as JSON has it
	if diff := cmp.Diff(minted, got); diff != "" {
		t.Errorf("what is verified differs from what was minted (-minted +verified):\n%s", diff)
	}
	if again, _ := b.mint(t, access(time.Minute), a); again == raw {
		t.Error("two tokens are the same")
	}
}

func TestATokenNobodyLoggedInForSaysNothingOfALogin(t *testing.T) {
	b := newBench(t)
	a := person()
	a.Subject, a.SubjectType, a.Login = "reporting", token.Client, token.Login{}
	raw, minted := b.mint(t, access(time.Minute), a)
	claims := members(t, part(t, raw, 1))
	for _, name := range []string{"sid", "auth_time", "acr", "amr", "idp"} {
		if value, found := claims[name]; found {
			t.Errorf("%s is %v", name, value)
		}
	}
	if got, err := b.VerifyAccess(t.Context(), raw); err != nil || cmp.Diff(minted, got) != "" {
		t.Errorf("%v: %s", err, cmp.Diff(minted, got))
	}
}

func TestIDTokenOnTheWire(t *testing.T) {
	b := newBench(t)
	id := identity()
	id.Claims = map[string]any{"name": "Ana Lind", "role": []string{"agent"}}
	// The hashes are those of OpenID Connect Core, appendix A.4 and A.6.
	raw, minted := b.mintID(t, token.Signing{Algorithm: keyring.RS256, Lifetime: 5 * time.Minute}, id,
		token.Beside{AccessToken: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", Code: "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"})
	if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT", "kid": string(minted.KeyID)}, members(t, part(t, raw, 0))); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	iat := float64(start.Unix())
	want := map[string]any{
		"iss": shared, "sub": "4711", "aud": "Agent-App", "azp": "Agent-App", "iat": iat, "nbf": iat, "exp": iat + 300,
		"nonce": "n-0S6_WzA2Mj", "sid": "fedcba9876543210", "auth_time": iat - 60, "acr": "1", "amr": []any{"pwd", "otp"}, "idp": "corp",
		"at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "c_hash": "LDktKdoQak3Pk0cnXxCltA",
		"name": "Ana Lind", "role": []any{"agent"},
	}
	if diff := cmp.Diff(want, members(t, part(t, raw, 1))); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	got, err := b.VerifyHint(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	minted.Claims = map[string]any{"name": "Ana Lind", "role": []any{"agent"}}
	if diff := cmp.Diff(minted, got); diff != "" {
		t.Errorf("what is verified differs from what was minted (-minted +verified):\n%s", diff)
	}
	refreshed, _ := b.mintID(t, token.Signing{Algorithm: keyring.ES256, Lifetime: time.Minute}, token.ID{Issuer: realm, Subject: "1", ClientID: "a"}, token.Beside{})
	for _, name := range []string{"nonce", "at_hash", "c_hash", "sid", "auth_time"} {
		if value, found := members(t, part(t, refreshed, 1))[name]; found {
			t.Errorf("an ID token without %s has %v", name, value)
		}
	}
}

// The values are SHA-512's, which is what Ed25519 uses (RFC 8032 §5.1); no specification has vectors.
func TestHashesBesideAnEdDSAToken(t *testing.T) {
	b := newBench(t)
	raw, _ := b.mintID(t, token.Signing{Algorithm: keyring.EdDSA, Lifetime: time.Minute}, identity(),
		token.Beside{AccessToken: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", Code: "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"})
	claims := members(t, part(t, raw, 1))
	got := []any{claims["at_hash"], claims["c_hash"]}
	want := []any{"q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM", "E9z1C-c0Az4eTEzE0Nm3OQ3BS2BhMgxuP7x5JAQj1_4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hashes (-want +got):\n%s", diff)
	}
}

// TestOthersReadOurTokens verifies with a library that is not ours, from the published JWKS.
func TestOthersReadOurTokens(t *testing.T) {
	b := newBench(t)
	for _, iss := range []string{shared, realm} {
		scope, _ := scopeOf(iss)
		rendered, err := b.keys.KeySet(scope)
		if err != nil {
			t.Fatal(err)
		}
		var set jose.JSONWebKeySet
		if err := json.Unmarshal(rendered, &set); err != nil {
			t.Fatal(err)
		}
		for _, alg := range keyring.Algorithms() {
			a := person()
			a.Issuer = iss
			raw, minted := b.mint(t, token.Signing{Algorithm: alg, Type: token.PlainJWT, Lifetime: time.Minute}, a)
			jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			if err != nil {
				t.Fatal(err)
			}
			payload, err := jws.Verify(set)
			if err != nil {
				t.Fatalf("%s %s: %v", iss, alg, err)
			}
			if jti := members(t, string(payload))["jti"]; jti != minted.ID {
				t.Errorf("%s %s: jti %v, want %s", iss, alg, jti, minted.ID)
			}
			if got, err := b.VerifyAccess(t.Context(), raw); err != nil || got.Issuer != iss {
				t.Errorf("%s %s: issuer %q, %v", iss, alg, got.Issuer, err)
			}
		}
	}
}

func TestReservedClaimsCannotBeSet(t *testing.T) {
	b := newBench(t)
	a, id := person(), identity()
	a.Claims, id.Claims = map[string]any{"department": "x"}, map[string]any{"department": "x"}
	b.mint(t, access(time.Minute), a) // the control: another claim can
	b.mintID(t, access(time.Minute), id, token.Beside{})

	names := strings.Fields("sub iss aud exp iat nbf jti sid client_id scope azp nonce tenant amr acr " + // SECURITY.md
		"sub_type gid auth_time idp at_hash c_hash events active username cnf act SUB Iss \u017fub \u017fid client_\u0131d")
	for _, name := range names {
		a.Claims, id.Claims = map[string]any{name: "x"}, map[string]any{name: "x"}
		if _, _, err := b.MintAccess(access(time.Minute), a); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("access token with %q: %v, want an error that names it", name, err)
		}
		if _, _, err := b.MintID(access(time.Minute), id, token.Beside{}); err == nil {
			t.Errorf("ID token with %q was minted", name)
		}
	}
	for _, name := range []string{"", "role", "roles", "subject", "softphone_address", "user_id", "email_verified"} {
		if token.Reserved(name) {
			t.Errorf("%q is reserved", name)
		}
	}
}

func TestWhatIsNotMinted(t *testing.T) {
	b := newBench(t)
	good := access(time.Minute)
	cases := []struct {
		name string
		how  token.Signing
		edit func(*token.Access)
		says string
		want error
	}{
		{name: "control", how: good},
		{name: "an issuer that is not ours", how: good, edit: func(a *token.Access) { a.Issuer += "/" }, says: `issuer "https://login.example/id/"`},
		{name: "no subject", how: good, edit: func(a *token.Access) { a.Subject = "" }, says: "has no sub"},
		{name: "no client", how: good, edit: func(a *token.Access) { a.ClientID = "" }, says: "has no client_id"},
		{name: "no grant", how: good, edit: func(a *token.Access) { a.GrantID = "" }, says: "has no gid"},
		{name: "no audience", how: good, edit: func(a *token.Access) { a.Audience = nil }, says: "has no aud"},
		{name: "no subject type", how: good, edit: func(a *token.Access) { a.SubjectType = "" }, says: "has no sub_type"},
		{name: "no tenant", how: good, edit: func(a *token.Access) { a.Tenant = "" }, says: "has no tenant"},
		{name: "no lifetime", how: access(0), says: "lifetime 0s"},
		{name: "no algorithm", how: token.Signing{Lifetime: time.Minute}, want: keyring.ErrNoKey},
		{name: "alg none", how: token.Signing{Algorithm: "none", Lifetime: time.Minute}, want: keyring.ErrNoKey},
		{name: "a logout token's type", how: token.Signing{Algorithm: keyring.ES256, Type: "logout+jwt", Lifetime: time.Minute}, says: `"logout+jwt"`},
		{name: "a claim that JSON has not", how: good, edit: func(a *token.Access) { a.Claims = map[string]any{"f": func() {}} }, says: "further claims"},
		{
			name: "too many claims", how: good, want: token.ErrTooLarge,
			edit: func(a *token.Access) { a.Claims = map[string]any{"roles": strings.Repeat("x", 16<<10)} },
		},
	}
	for i, tc := range cases {
		a := person()
		if tc.edit != nil {
			tc.edit(&a)
		}
		raw, _, err := b.MintAccess(tc.how, a)
		switch {
		case i == 0 && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case i == 0:
		case err == nil || raw != "":
			t.Errorf("%s: minted", tc.name)
		case tc.want != nil && !errors.Is(err, tc.want):
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		case !strings.Contains(err.Error(), tc.says):
			t.Errorf("%s: %q does not say %q", tc.name, err, tc.says)
		}
	}
}

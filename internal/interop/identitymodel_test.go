package interop

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestIdentityModelFlow walks discovery → token → introspection → userinfo → refresh → revocation → end
// session as a client written for IdentityServer does, and compares every field that it reads.
func TestIdentityModelFlow(t *testing.T) {
	p := run(t, fmt.Sprintf(`
  - id: interop-rp
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [%q]
    post_logout_redirect_uris: [%q]
    scopes: [openid, profile, email, offline_access, contact-centre]
    secrets: [{ description: test, value: %[3]q }]
  - id: interop-api
    secrets: [{ description: test, value: %[3]q }]
    introspection: { allow: tenant }
  - id: interop-switch
    secrets: [{ description: test, value: %[3]q }]
    introspection: { allow: tenant, profile: audiocodes }
`, redirectURI, postLogoutURI, clientSecret))
	realm := p.Base + "/auth/realms/acme"
	for _, layout := range []struct {
		name string
		want discovered
		// answer is what the token endpoint's answer says besides the tokens.
		answer map[string]any
	}{
		{"shared", addresses(p.Base+"/id", "/.well-known/openid-configuration/jwks", "/connect/", map[string]string{
			"authorize": "authorize", "token": "token", "introspect": "introspect", "revoke": "revocation",
			"logout": "endsession", "device": "deviceauthorization", "pushed": "par",
		}), map[string]any{"token_type": "Bearer", "expires_in": 900.0}},
		{"realm", addresses(realm, "/protocol/openid-connect/certs", "/protocol/openid-connect/", map[string]string{
			"authorize": "auth", "token": "token", "introspect": "token/introspect", "revoke": "revoke",
			"logout": "logout", "device": "auth/device", "pushed": "ext/par/request",
		}), map[string]any{"token_type": "bearer", "expires_in": 900.0, "refresh_expires_in": 9000.0, "not-before-policy": 0.0}},
	} {
		t.Run(layout.name, func(t *testing.T) {
			im := discover(t, layout.want.Issuer)
			if got := im.addresses(); !maps.Equal(got, layout.want.addresses()) {
				t.Fatalf("discovery says %v\nwant %v", got, layout.want.addresses())
			}
			for _, grant := range []string{"authorization_code", "refresh_token", "client_credentials"} {
				if !slices.Contains(im.GrantTypes, grant) {
					t.Errorf("grant_types_supported %v lacks %s", im.GrantTypes, grant)
				}
			}
			someone := newPerson(t, p.Users[0])
			login := im.login(t, someone, "openid profile email offline_access contact-centre")
			im.checkAnswer(t, login, layout.answer)
			im.checkToken(t, login, p.Users[0])
			im.checkUserinfo(t, login, p.Users[0])

			again := im.token(t, rp, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {login.RefreshToken}})
			im.checkAnswer(t, again, layout.answer)
			im.revoke(t, rp, again.RefreshToken)
			if _, text := im.introspect(t, "interop-api", again.AccessToken); text != `{"active":false}` {
				t.Errorf("after the revocation introspection answers %s", text)
			}
			im.checkEnd(t, someone)
		})
	}
}

// addresses returns a discovery document's addresses: the issuer's, its keys', and others below prefix.
func addresses(issuer, keys, prefix string, names map[string]string) discovered {
	at := func(name string) string { return issuer + prefix + names[name] }
	return discovered{
		Issuer: issuer, JWKSURI: issuer + keys, AuthorizationEndpoint: at("authorize"), TokenEndpoint: at("token"),
		UserinfoEndpoint: issuer + prefix + "userinfo", IntrospectionEndpoint: at("introspect"), RevocationEndpoint: at("revoke"),
		EndSessionEndpoint: at("logout"), DeviceEndpoint: at("device"), PushedEndpoint: at("pushed"),
	}
}

func (d discovered) addresses() map[string]string {
	return map[string]string{
		"issuer": d.Issuer, "jwks_uri": d.JWKSURI, "authorization_endpoint": d.AuthorizationEndpoint,
		"token_endpoint": d.TokenEndpoint, "userinfo_endpoint": d.UserinfoEndpoint,
		"introspection_endpoint": d.IntrospectionEndpoint, "revocation_endpoint": d.RevocationEndpoint,
		"end_session_endpoint": d.EndSessionEndpoint, "device_authorization_endpoint": d.DeviceEndpoint,
		"pushed_authorization_request_endpoint": d.PushedEndpoint,
	}
}

// checkAnswer compares the fields of a token response: these values, the tokens and the scope, and in a
// realm the session, and nothing else.
func (d discovered) checkAnswer(t *testing.T, got tokens, want map[string]any) {
	t.Helper()
	fields := slices.Concat(slices.Collect(maps.Keys(want)), []string{"access_token", "id_token", "refresh_token", "scope"})
	if _, realm := want["not-before-policy"]; realm {
		fields = append(fields, "session_state")
	}
	slices.Sort(fields)
	if have := slices.Sorted(maps.Keys(got.raw)); !slices.Equal(have, fields) {
		t.Errorf("the token endpoint answers with %q, want %q", have, fields)
	}
	for name, value := range want {
		if got.raw[name] != value {
			t.Errorf("%s is %v, want %v", name, got.raw[name], value)
		}
	}
	if scope := got.raw["scope"]; scope != "openid profile email offline_access contact-centre" {
		t.Errorf("scope is %q", scope)
	}
}

// checkToken compares what an API and a switch learn about an access token.
func (d discovered) checkToken(t *testing.T, login tokens, who user) {
	t.Helper()
	answer, text := d.introspect(t, "interop-api", login.AccessToken)
	for name, want := range map[string]any{
		"active": true, "sub": who.UserID, "client_id": rp, "username": who.Login, "iss": d.Issuer,
		"token_type": "Bearer", "scope": "openid profile email offline_access contact-centre",
		"softphone_address": who.SoftphoneAddress,
	} {
		if answer[name] != want {
			t.Errorf("introspection says %s %v, want %v", name, answer[name], want)
		}
	}
	if iat, _ := answer["iat"].(float64); answer["exp"] != iat+900 || answer["nbf"] != iat || answer["jti"] == "" {
		t.Errorf("introspection's times or jti are wrong: %s", text)
	}
	audience, _ := answer["aud"].([]any)
	if !slices.Equal(audience, []any{d.Issuer + "/resources", "contact-centre"}) {
		t.Errorf("introspection says aud %v", answer["aud"])
	}
	seen, _ := d.introspect(t, "interop-switch", login.AccessToken)
	if seen["username"] != strings.TrimPrefix(who.SoftphoneAddress, "sip:") {
		t.Errorf("a switch learns the username %v, want the address of %s", seen["username"], who.SoftphoneAddress)
	}
	if _, text := d.introspect(t, "interop-api", login.IDToken); text != `{"active":false}` {
		t.Errorf("introspection of an ID token answers %s", text)
	}
}

func (d discovered) checkUserinfo(t *testing.T, login tokens, who user) {
	t.Helper()
	status, body := send(t, bearing(t, d.UserinfoEndpoint, login.AccessToken))
	var claims map[string]any
	if err := json.Unmarshal(body, &claims); err != nil || status != http.StatusOK {
		t.Fatalf("userinfo: %d %s", status, body)
	}
	for _, name := range []string{"name", "given_name", "family_name", "preferred_username", "email"} {
		if text, _ := claims[name].(string); text == "" {
			t.Errorf("userinfo has no %s: %s", name, body)
		}
	}
	if claims["sub"] != who.UserID {
		t.Errorf("userinfo says sub %v, want %s", claims["sub"], who.UserID)
	}
	if status, _ := send(t, bearing(t, d.UserinfoEndpoint, login.IDToken)); status != http.StatusUnauthorized {
		t.Errorf("userinfo answers an ID token with %d", status)
	}
}

// checkEnd signs on again by the session, ends it, and is asked for the password after that.
func (d discovered) checkEnd(t *testing.T, someone *person) {
	t.Helper()
	d.end(t, someone, d.login(t, someone, "openid"))
	d.checkNobody(t, someone)
}

package interop

import (
	"net/http"
	"strings"
	"testing"
)

// testSAMLPLogout ends sessions at either side, at services whose requests come by redirect and by form.
func testSAMLPLogout(t *testing.T, p patchbay, at socket) {
	im, who := discover(t, p.Issuer), p.Users[0]
	logIn := func(t *testing.T, someone *person, connection string) tokens {
		t.Helper()
		back, err := im.authorize(t, someone, "openid offline_access", connection)
		if err != nil {
			t.Fatal(err)
		}
		return im.redeem(t, back)
	}
	for _, connection := range []string{"logout-redirect", "logout-post"} {
		t.Run(connection+", from here", func(t *testing.T) {
			someone := newPerson(t, who)
			logIn(t, someone, connection)
			if logIn(t, someone, connection); someone.asked != 1 {
				t.Fatalf("the identity provider asks for the password %d times: it remembers nobody", someone.asked)
			}
			im.end(t, someone, logIn(t, someone, connection))
			im.checkNobody(t, someone)
			p.log.confirmed(t)
			if logIn(t, someone, connection); someone.asked != 2 {
				t.Errorf("the password was asked for %d times, want twice: its session should have ended", someone.asked)
			}
		})
		t.Run(connection+", from there", func(t *testing.T) {
			someone, bystander := newPerson(t, who), newPerson(t, who)
			login, other := logIn(t, someone, connection), logIn(t, bystander, connection)
			end := at.origin + "/" + connection + "/logout"
			if last, err := someone.visit(t.Context(), end, ""); err != nil || !strings.HasPrefix(last, end) {
				t.Fatalf("it ended at %s, %v", last, err)
			}
			im.checkNobody(t, someone)
			if status, answer := im.refresh(t, login); status != http.StatusBadRequest {
				t.Errorf("a refresh token after the logout is answered with %d %s", status, answer)
			}
			if status, answer := im.refresh(t, other); status != http.StatusOK {
				t.Errorf("the refresh token of another session is answered with %d %s", status, answer)
			}
		})
	}
	t.Run("signed by another key", func(t *testing.T) {
		someone := newPerson(t, who)
		login := logIn(t, someone, "logout-stranger")
		if last, err := someone.visit(t.Context(), at.origin+"/logout-stranger/logout", ""); err == nil {
			t.Errorf("it ended at %s", last)
		}
		p.log.await(t, "path=/login/acme/logout-stranger/saml/slo", "none of the identity provider's certificates")
		if status, answer := im.refresh(t, login); status != http.StatusOK {
			t.Errorf("the refresh token is answered with %d %s", status, answer)
		}
	})
}

package federation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/federation"
)

func TestOpenNamesEveryFaultAtOnce(t *testing.T) {
	good := federation.Config{Connection: "corp", Issuer: "https://idp.example", ClientID: "patchbay"}
	if _, err := federation.Open(good); err != nil {
		t.Fatal("positive control:", err)
	}
	_, err := federation.Open(federation.Config{
		Issuer: "http://idp.example", Scopes: []string{"profile", "two words"}, ClockSkew: time.Hour, Timeout: -1,
	})
	if err == nil {
		t.Fatal("opened")
	}
	for _, want := range []string{
		"connection: must not be empty", "client_id: must not be empty", `issuer: "http://idp.example" is not https`,
		"lacks openid", `scopes: "two words"`, "clock_skew: 1h0m0s", "timeout:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestWhereAnIssuerMayBe(t *testing.T) {
	for _, tc := range []struct {
		issuer          string
		public, private bool // whether Open accepts it without and with AllowPrivateNetwork
	}{
		{"https://idp.example", true, true},
		{"https://idp.example/tenant/", true, true},
		{"https://203.0.113.7:8443", true, true},
		{"https://[2606:4700::1111]", true, true},
		{"http://idp.example", false, false},
		{"http://127.0.0.1:8080", false, true},
		{"http://[::1]:8080", false, true},
		{"http://localhost:8080", false, true},
		{"http://localhost.attacker.example", false, false},
		{"http://10.0.0.1", false, false},
		{"https://127.0.0.1", false, true},
		{"https://10.1.2.3", false, true},
		{"https://172.31.0.1", false, true},
		{"https://192.168.1.1", false, true},
		{"https://100.64.0.1", false, true},
		{"https://[fd00::1]", false, true},
		{"https://[::ffff:10.0.0.1]", false, true},
		{"https://[::ffff:7f00:1]", false, true},
		{"https://169.254.169.254", false, false},
		{"https://[::ffff:169.254.169.254]", false, false},
		{"https://[fe80::1]", false, false},
		{"https://0.0.0.0", false, false},
		{"https://[::]", false, false},
		{"https://224.0.0.1", false, false},
		{"https://255.255.255.255", false, false},
		{"https://[64:ff9b::7f00:1]", false, false},
		{"https://[2002:7f00:1::]", false, false},
		{"https://idp.example?tenant=a", false, false},
		{"https://idp.example#a", false, false},
		{"https://idp.example#", false, false},
		{"https://user@idp.example", false, false},
		{"https:idp.example", false, false},
		{"https://", false, false},
		{"ftp://idp.example", false, false},
		{"javascript:alert(1)", false, false},
		{"idp.example", false, false},
		{"", false, false},
		{"https://idp.example\n", false, false},
	} {
		for _, allow := range []bool{false, true} {
			want := tc.public
			if allow {
				want = tc.private
			}
			_, err := federation.Open(federation.Config{
				Connection: "corp", Issuer: tc.issuer, ClientID: "patchbay", AllowPrivateNetwork: allow,
			})
			if (err == nil) != want {
				t.Errorf("%q, private network allowed %t: %v", tc.issuer, allow, err)
			}
		}
	}
}

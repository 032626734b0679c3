package registry

import "testing"

func TestAllowsOrigin(t *testing.T) {
	const acme, globex, everywhere, off = "https://agent.acme.example", "http://127.0.0.1:8080", "https://desk.vendor.example", "https://old.acme.example"
	s := &Snapshot{origins: map[string]map[Account]bool{}}
	for _, c := range []*Client{
		{ID: "spa", Account: "acme", Enabled: true, CORSOrigins: []string{acme}},
		{ID: "globex-spa", Account: "globex", Enabled: true, CORSOrigins: []string{globex}},
		{ID: "desktop", Enabled: true, CORSOrigins: []string{everywhere}},
		{ID: "old", Account: "acme", CORSOrigins: []string{off}},
	} {
		s.addOrigins(c)
	}
	for _, test := range []struct {
		account Account
		origin  string
		want    bool
	}{
		{"acme", acme, true},
		{"globex", globex, true},
		{"acme", everywhere, true},
		{"", acme, true},
		{"", globex, true},
		{"", everywhere, true},

		{"acme", globex, false},
		{"globex", acme, false},
		{"nobody", acme, false},
		{"", off, false},
		{"", "", false},
		{"", "null", false},
		{"", "*", false},
		{"", "https://AGENT.acme.example", false},
		{"", acme + "/", false},
		{"", acme + ":443", false},
		{"", acme + ".evil.example", false},
		{"", "http://agent.acme.example", false},
	} {
		if got := s.AllowsOrigin(test.account, test.origin); got != test.want {
			t.Errorf("AllowsOrigin(%q, %q) = %v, want %v", test.account, test.origin, got, test.want)
		}
	}
}

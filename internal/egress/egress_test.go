package egress_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/egress"
)

func TestCheckAddr(t *testing.T) {
	const (
		never = iota
		private
		public
	)
	for text, where := range map[string]int{
		"93.184.215.14": public, "2606:2800:21f:cb07::1": public, "::ffff:93.184.215.14": public,
		"127.0.0.1": private, "::1": private, "::ffff:127.0.0.1": private, "10.1.2.3": private, "192.168.0.1": private,
		"172.31.255.255": private, "100.64.0.1": private, "fd00::1": private,
		"169.254.169.254": never, "::ffff:169.254.169.254": never, "fe80::1": never, "0.0.0.0": never, "::": never,
		"224.0.0.1": never, "255.255.255.255": never, "64:ff9b::7f00:1": never, "2002:7f00:1::": never,
	} {
		addr := netip.MustParseAddr(text)
		if got := egress.CheckAddr(addr, false) == nil; got != (where == public) {
			t.Errorf("%s may be reached: %v", text, got)
		}
		if got := egress.CheckAddr(addr, true) == nil; got != (where != never) {
			t.Errorf("%s may be reached when private networks are allowed: %v", text, got)
		}
	}
}

func TestTransport(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	get := func(allowPrivate bool) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := egress.Transport(5*time.Second, allowPrivate).RoundTrip(r)
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	}
	if err := get(true); err != nil || asked != 1 {
		t.Fatalf("control: %v, asked %d times", err, asked)
	}
	if err := get(false); err == nil || asked != 1 {
		t.Errorf("loopback by plain http was reached: %v, asked %d times", err, asked)
	}
}

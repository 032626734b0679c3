package ratelimit_test

import (
	"net/netip"
	"testing"

	"github.com/patchbay-auth/patchbay/internal/ratelimit"
)

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7":           "192.0.2.7/32",
		"::ffff:192.0.2.7":    "192.0.2.7/32", // the same customer, seen through a dual-stack socket
		"2001:db8:1:2:3:4::5": "2001:db8:1:2::/64",
		"fe80::1%eth0":        "fe80::/64",
	} {
		if got := ratelimit.NetworkOf(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s is counted as %s, want %s", address, got, want)
		}
	}
	if got := ratelimit.NetworkOf(netip.Addr{}); got.IsValid() {
		t.Errorf("no address is counted as %s", got)
	}
}

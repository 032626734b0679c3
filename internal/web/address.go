package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// Address returns the IP address of the client. X-Forwarded-For is believed only as far as declared
// proxies wrote it: read from the right, the first address that is not a proxy's is the client's.
// The result is the zero Addr only when the connection has no IP address at all.
func (s *Site) Address(r *http.Request) netip.Addr {
	addr := peer(r)
	if !s.isProxy(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.isProxy(addr); i-- {
		next := parseHop(hops[i])
		if !next.IsValid() {
			break // whatever stands left of it is hearsay
		}
		addr = next
	}
	return addr
}

func (s *Site) isProxy(addr netip.Addr) bool {
	for _, network := range s.proxies {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

func peer(r *http.Request) netip.Addr { return parseHop(r.RemoteAddr) }

// parseHop reads an address with or without a port; some proxies write one.
func parseHop(text string) netip.Addr {
	text = strings.TrimSpace(text)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}

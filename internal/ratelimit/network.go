package ratelimit

import "net/netip"

// ipv6Customer is the width of the network that a provider gives to one customer at least.
const ipv6Customer = 64

// NetworkOf returns what is counted as one address: an IPv4 address, or the network around an IPv6
// address in which its owner can choose any other. The zero Addr has none.
func NetworkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = ipv6Customer
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

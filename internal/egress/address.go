package egress

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// never lists the addresses that nobody we ask has, whatever is allowed: the ones that lead back into this
// machine's surroundings under another name, and link-local ones, where clouds keep credentials.
var never = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2002::/16",
	"fe80::/10", "fec0::/10", "ff00::/8",
)

// private lists the addresses that allowPrivate permits (RFC 1918, 6598, 2544, 4193).
var private = prefixes(
	"10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15",
	"::1/128", "fc00::/7",
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// CheckAddr returns an error unless requests may go to addr.
func CheckAddr(addr netip.Addr, allowPrivate bool) error {
	addr = addr.Unmap().WithZone("") // ::ffff:127.0.0.1 is 127.0.0.1
	for _, p := range private {
		if p.Contains(addr) {
			if allowPrivate {
				return nil
			}
			return fmt.Errorf("address %s is private", addr)
		}
	}
	for _, p := range never {
		if p.Contains(addr) {
			return fmt.Errorf("address %s is not a public one", addr)
		}
	}
	if !addr.IsValid() {
		return fmt.Errorf("address is not valid")
	}
	return nil
}

// CheckURL parses an address that somebody else chose: absolute, https (plain http only to loopback, and only
// when that is allowed), without user or fragment. What its host name resolves to is judged when
// it is dialled.
func CheckURL(raw string, allowPrivate bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%q is not a URL", raw)
	}
	if strings.Contains(raw, "#") { // url.Parse forgets an empty fragment
		return nil, fmt.Errorf("%q has a fragment", u.Redacted())
	}
	return u, checkParsed(u, allowPrivate)
}

func checkParsed(u *url.URL, allowPrivate bool) error {
	host := u.Hostname()
	literal, notLiteral := netip.ParseAddr(host)
	loopback := host == "localhost" || notLiteral == nil && literal.Unmap().IsLoopback()
	switch {
	case u.Opaque != "" || host == "":
		return fmt.Errorf("%q is not an absolute http URL", u.Redacted())
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q has the scheme %q, not https", u.Redacted(), u.Scheme)
	case u.Scheme == "http" && !(allowPrivate && loopback):
		if loopback {
			return fmt.Errorf("%q is not https: plain http on loopback wants allow_private_network: true", u.Redacted())
		}
		return fmt.Errorf("%q is not https", u.Redacted())
	case u.User != nil:
		return fmt.Errorf("%q carries credentials", u.Redacted())
	}
	if notLiteral != nil {
		return nil
	}
	if err := CheckAddr(literal, allowPrivate); err != nil {
		return fmt.Errorf("%q: %w", u.Redacted(), err)
	}
	return nil
}

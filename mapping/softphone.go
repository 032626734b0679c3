package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Reasons why a user has no address of record. AddressOfRecord wraps them with the address.
var (
	// ErrNoSoftphone means that the user has no softphone at all.
	ErrNoSoftphone = errors.New("user has no softphone")
	// ErrSeveralSoftphones means several different addresses without exactly one default.
	ErrSeveralSoftphones = errors.New("user has several softphones and no single default")
	// ErrForeignSoftphone means that the host is none of the tenant's SIP domains.
	ErrForeignSoftphone = errors.New("softphone is outside the tenant's sip_domains")
	// ErrMalformedSoftphone means that the address is none a switch could match.
	ErrMalformedSoftphone = errors.New("softphone address is malformed")
	// ErrNoSIPDomain means that the address has no host and the tenant no SIP domain to complete it.
	ErrNoSIPDomain = errors.New("softphone address has no host and the tenant has no sip_domains")
)

// AddressOfRecord returns the one address a switch matches (RFC 3261 §10), as user@host without a
// scheme. Display name, angle brackets, scheme, port, parameters and headers are dropped, the host is
// lower-cased, and a missing host is the first of sipDomains. Spellings of the same address count as
// one. The error is one of those above.
func AddressOfRecord(phones []Softphone, sipDomains []string) (string, error) {
	var candidates, defaults []string
	for _, p := range phones {
		address := strings.TrimSpace(p.Address)
		if address == "" {
			continue // a NULL or blank column
		}
		candidates = append(candidates, address)
		if p.Default {
			defaults = append(defaults, address)
		}
	}
	if len(defaults) > 0 {
		candidates = defaults
	}
	var found []string
	for _, address := range candidates {
		aor, err := normalise(address, sipDomains)
		if err != nil {
			return "", err
		}
		if !slices.Contains(found, aor) {
			found = append(found, aor)
		}
	}
	switch len(found) {
	case 0:
		return "", ErrNoSoftphone
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%w: %q", ErrSeveralSoftphones, found)
}

func normalise(address string, sipDomains []string) (string, error) {
	malformed := func(why string) error {
		return fmt.Errorf("%w: %q %s", ErrMalformedSoftphone, address, why)
	}
	if len(address) > maxKey {
		return "", fmt.Errorf("%w: it has %d bytes", ErrMalformedSoftphone, len(address))
	}
	uri, ok := unbracket(address)
	if !ok {
		return "", malformed("has unbalanced angle brackets")
	}
	uri, isTel, ok := cutScheme(uri)
	if !ok {
		return "", malformed("has a scheme other than sip, sips and tel")
	}
	user, host, hasHost := strings.Cut(uri, "@")
	if hasHost && isTel {
		return "", malformed("is a tel address with a host")
	}
	user = cutAny(user, ";?")
	if isTel {
		user = strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(user) // RFC 3966 §5.1.1
	}
	if !isSIPUser(user) {
		return "", malformed("has no user part a switch could match")
	}
	if !hasHost {
		if len(sipDomains) == 0 {
			return "", fmt.Errorf("%w: %q", ErrNoSIPDomain, address)
		}
		return user + "@" + foldASCII(sipDomains[0]), nil
	}
	host, ok = cutPort(cutAny(host, ";?"))
	if !ok {
		return "", malformed("has no host name")
	}
	host = foldASCII(host)
	if !slices.ContainsFunc(sipDomains, func(d string) bool { return foldASCII(d) == host }) {
		return "", fmt.Errorf("%w: %q", ErrForeignSoftphone, address)
	}
	return user + "@" + host, nil
}

// unbracket returns what stands between angle brackets (RFC 3261 §20.10), or all of a bare address.
func unbracket(address string) (string, bool) {
	open, end := strings.LastIndexByte(address, '<'), strings.IndexByte(address, '>')
	switch {
	case open < 0 && end < 0:
		return address, true
	case open < 0 || end < open || strings.Count(address, "<") > 1 || strings.Count(address, ">") > 1:
		return "", false
	}
	return strings.TrimSpace(address[open+1 : end]), true
}

// cutScheme drops sip:, sips: or tel:. A colon that comes after the @ is a port's.
func cutScheme(uri string) (rest string, isTel, ok bool) {
	scheme, rest, found := strings.Cut(uri, ":")
	if !found || strings.ContainsAny(scheme, "@;?") {
		return uri, false, true
	}
	switch foldASCII(scheme) {
	case "sip", "sips":
		return rest, false, true
	case "tel":
		return rest, true, true
	}
	return "", false, false
}

func cutAny(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}

// cutPort drops ":5061" and refuses what is not a host name or a bracketed IPv6 address.
func cutPort(hostport string) (string, bool) {
	host, port := hostport, ""
	if i := strings.LastIndexByte(hostport, ':'); i > strings.LastIndexByte(hostport, ']') {
		host, port = hostport[:i], hostport[i+1:]
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return "", false
		}
	}
	literal := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") && len(host) > 2
	for i := range len(host) {
		c := host[i]
		if !isAlnum(c) && c != '-' && c != '.' && (!literal || c != ':' && c != '[' && c != ']') {
			return "", false
		}
	}
	return host, host != ""
}

// isSIPUser accepts the unescaped user part of RFC 3261 §25.1 without a password. An escape such as
// %40 is refused: two spellings of one user would not compare equal at the switch.
func isSIPUser(user string) bool {
	for i := range len(user) {
		if !isAlnum(user[i]) && !strings.ContainsRune("-_.!~*'()&=+$,/", rune(user[i])) {
			return false
		}
	}
	return user != ""
}

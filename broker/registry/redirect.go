package registry

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxURI bounds, in bytes, the addresses that are stored and compared.
const maxURI = 2000

// RedirectURI reports whether a redirect_uri is registered: the same string, byte for byte
// (RFC 9700 §4.1.3), or on http://127.0.0.1 and http://[::1] the same but for the port, which a
// native application chooses when it starts (RFC 8252 §7.3). Nothing is parsed or normalised: there
// is no second spelling of a registered address.
func (c *Client) RedirectURI(presented string) bool {
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		return registered == presented || sameLoopback(registered, presented)
	})
}

func sameLoopback(registered, presented string) bool {
	want, ok := cutLoopback(registered)
	if !ok {
		return false
	}
	got, ok := cutLoopback(presented)
	return ok && got == want
}

// cutLoopback takes the port out of a loopback address; ok is false for any other address.
func cutLoopback(uri string) (withoutPort string, ok bool) {
	for _, origin := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, found := strings.CutPrefix(uri, origin)
		if !found {
			continue
		}
		if port, found := strings.CutPrefix(rest, ":"); found {
			digits := len(port) - len(strings.TrimLeft(port, "0123456789"))
			if !isPort(port[:digits]) {
				return "", false
			}
			rest = port[digits:]
		}
		// What follows must begin a path or a query: anything else was part of the host.
		if rest == "" || rest[0] == '/' || rest[0] == '?' {
			return origin + rest, true
		}
	}
	return "", false
}

func isPort(digits string) bool {
	n, err := strconv.ParseUint(digits, 10, 16)
	return err == nil && n > 0 && digits[0] != '0'
}

// checkRedirectURI says what is wrong with an address to register.
func checkRedirectURI(uri string) error {
	u, err := parsePlain(uri)
	if err != nil {
		return err
	}
	switch u.Scheme {
	case "https":
		return checkAuthority(u)
	case "http":
		if !isLoopback(u.Hostname()) {
			return fmt.Errorf("%q must be https: http is for 127.0.0.1, [::1] and localhost", uri)
		}
		return checkAuthority(u)
	}
	if !strings.Contains(u.Scheme, ".") {
		// Also keeps out javascript:, data:, file: and their kin.
		return fmt.Errorf("%q: a private-use scheme must contain a dot, as com.example.app:/cb (RFC 8252 §7.1)", uri)
	}
	if u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") {
		return fmt.Errorf("%q: a private-use scheme is followed by one slash, as com.example.app:/cb", uri)
	}
	return nil
}

// parsePlain accepts only addresses that every parser reads alike.
func parsePlain(uri string) (*url.URL, error) {
	switch {
	case uri == "":
		return nil, errors.New("is empty")
	case len(uri) > maxURI:
		return nil, fmt.Errorf("has %d bytes, more than %d", len(uri), maxURI)
	case strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\\\"<>^`{|}*", r) }):
		return nil, fmt.Errorf("%q contains characters that have no place in it (wildcards neither)", uri)
	case strings.Contains(uri, "#"):
		return nil, fmt.Errorf("%q has a fragment (RFC 6749 §3.1.2)", uri)
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("%q is not an absolute address", uri)
	}
	if !strings.HasPrefix(uri, u.Scheme+":") {
		return nil, fmt.Errorf("%q: write the scheme in lower case", uri)
	}
	if u.User != nil || strings.Contains(u.Host, "@") {
		return nil, fmt.Errorf("%q has a user part", uri)
	}
	path := strings.ToLower(u.EscapedPath())
	for _, trick := range []string{"%2f", "%5c", "%2e", "%25", "%00"} {
		if strings.Contains(path, trick) {
			return nil, fmt.Errorf("%q has %s in its path", uri, trick)
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
			return nil, fmt.Errorf("%q has a dot segment in its path", uri)
		}
	}
	return u, nil
}

func checkAuthority(u *url.URL) error {
	host := u.Hostname()
	if host == "" || u.Opaque != "" {
		return fmt.Errorf("%q has no host", u)
	}
	if foldASCII(host) != host {
		return fmt.Errorf("%q: write the host in lower case", u)
	}
	if !isHost(host) {
		return fmt.Errorf("%q: %q is not a host name", u, host)
	}
	if strings.HasSuffix(u.Host, ":") || u.Port() != "" && !isPort(u.Port()) {
		return fmt.Errorf("%q: %q is not a port", u, u.Port())
	}
	return nil
}

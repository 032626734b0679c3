package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func (p parser) network(c *Config, proxies []string) {
	for i, text := range proxies {
		prefix, err := parseProxy(text)
		if err != nil {
			p.Fault(fmt.Sprintf("trusted_proxies[%d]", i), "%w", err)
			continue
		}
		c.TrustedProxies = append(c.TrustedProxies, prefix)
	}
	if c.TLS != nil {
		p.missing("tls.cert_file", c.TLS.CertFile == "", "the certificate chain in PEM")
		p.missing("tls.key_file", c.TLS.KeyFile == "", "the certificate's private key in PEM")
	}
	if !p.missing("listen", c.Listen == "", "host:port, such as :8443") {
		if err := checkListen(c.Listen); err != nil {
			p.Fault("listen", "%w", err)
		} else if c.TLS == nil && len(proxies) == 0 && !loopbackListen(c.Listen) {
			p.Fault("listen", "plain http on %q: set tls, or name the proxy that ends TLS in trusted_proxies", c.Listen)
		}
	}
	if c.MetricsListen != "" {
		if err := checkListen(c.MetricsListen); err != nil {
			p.Fault("metrics.listen", "%w", err)
		} else if c.MetricsListen == c.Listen {
			p.Fault("metrics.listen", "%q is the address of listen: metrics are not for everybody", c.MetricsListen)
		}
	}
	if c.DomainResolver != "" {
		if err := checkServer(c.DomainResolver); err != nil {
			p.Fault("domain_proofs.resolver", "%w", err)
		}
	}
	if !p.missing("public_url", c.PublicURL == "", "the origin that browsers and clients see") {
		p.publicURL(c, len(proxies) > 0)
	}
	if err := checkIssuerPath(c.SharedIssuerPath); err != nil {
		p.Fault("shared_issuer_path", "%w", err)
	}
	if err := checkInformationPath(c.AccessTokenInformationPath, c.SharedIssuerPath); err != nil {
		p.Fault("access_token_information_path", "%w", err)
	}
}

// publicURL requires the scheme that the world meets to be https, except on this machine.
func (p parser) publicURL(c *Config, proxied bool) {
	u, err := checkOrigin(c.PublicURL)
	switch {
	case err != nil:
		p.Fault("public_url", "%w", err)
	case u.Scheme == "https" && c.TLS == nil && !proxied:
		p.Fault("public_url", "%q is https, but there is neither tls nor a trusted proxy that ends it", c.PublicURL)
	case u.Scheme == "http" && c.TLS != nil:
		p.Fault("public_url", "%q is http, but tls is set", c.PublicURL)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		p.Fault("public_url", "%q must be https: http is for 127.0.0.1, [::1] and localhost", c.PublicURL)
	}
}

// checkOrigin accepts scheme://host[:port] and nothing more, spelled as an issuer is compared.
func checkOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is not an http or https address", text)
	}
	if origin := u.Scheme + "://" + u.Host; origin != text {
		return nil, fmt.Errorf("%q must be an origin alone, without user, path or trailing slash", text)
	}
	if strings.ToLower(text) != text {
		return nil, fmt.Errorf("%q: write it in lower case, as issuers are compared byte by byte", text)
	}
	if strings.HasSuffix(u.Host, ":") || u.Port() != "" && !isPort(u.Port()) {
		return nil, fmt.Errorf("%q has no valid port", text)
	}
	return u, nil
}

// ownPaths are the first parts of patchbay's other addresses.
func ownPaths() []string {
	return []string{"auth", "login", "device", "admin", "api", "livez", "readyz", "metrics", "connect", ".well-known", informationRoot}
}

func checkIssuerPath(path string) error {
	if path == "" {
		return nil
	}
	return checkPath(path, ownPaths())
}

// informationRoot begins the usual address of accesstokeninformation, and nothing else is there.
const informationRoot = "contactcentre5"

func checkInformationPath(path, issuer string) error {
	taken := slices.DeleteFunc(ownPaths(), func(own string) bool { return own == informationRoot })
	if err := checkPath(path, taken); err != nil {
		return err
	}
	if issuer != "" && strings.HasPrefix(path+"/", issuer+"/") {
		return fmt.Errorf("%q is inside shared_issuer_path %q", path, issuer)
	}
	return nil
}

// checkPath accepts a path of one segment or more, of which the first is not taken.
func checkPath(path string, taken []string) error {
	segments := strings.Split(path, "/")
	if segments[0] != "" || path == "" {
		return fmt.Errorf("%q must begin with a slash", path)
	}
	for _, segment := range segments[1:] {
		if segment == "" || strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("%q must consist of lower-case letters, digits, - and _ between single slashes", path)
		}
	}
	if slices.Contains(taken, segments[1]) {
		return fmt.Errorf("%q begins with /%s, which patchbay uses itself", path, segments[1])
	}
	return nil
}

func checkListen(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port", address)
	}
	if port != "0" && !isPort(port) {
		return fmt.Errorf("%q is not a port", port)
	}
	if strings.ContainsAny(host, "/@ ") {
		return fmt.Errorf("%q is not a host", host)
	}
	return nil
}

// checkServer accepts the address of a server of others.
func checkServer(address string) error {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not host:port, such as 10.0.0.53:53 or [fd00::53]:53", address)
	case host == "" || strings.ContainsAny(host, "/@ "):
		return fmt.Errorf("%q is not a host", host)
	case !isPort(port):
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

func loopbackListen(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopback(host)
}

func isLoopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return host == "localhost"
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// parseProxy accepts an address or a network. One that holds everybody would let any client choose
// its own address.
func parseProxy(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/8", text)
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	if prefix.Bits() == 0 {
		return netip.Prefix{}, errors.New("a network of all addresses trusts everybody")
	}
	return prefix.Masked(), nil
}

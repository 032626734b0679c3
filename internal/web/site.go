package web

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// SiteConfig says where the site is.
type SiteConfig struct {
	// PublicURL is where browsers reach patchbay: https, or http on a loopback address.
	PublicURL string
	// TrustedProxies are the networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []netip.Prefix
}

// A Site is patchbay as browsers see it. It is immutable.
type Site struct {
	base    *url.URL // without a trailing slash in its path
	secure  bool
	proxies []netip.Prefix
}

// NewSite checks c. It refuses plain http outside loopback, and parts that an issuer cannot have.
func NewSite(c SiteConfig) (*Site, error) {
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("public_url: %w", err)
	}
	if err := checkPublicURL(u); err != nil {
		return nil, fmt.Errorf("public_url %q: %w", u.Redacted(), err)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return &Site{base: u, secure: u.Scheme == "https", proxies: c.TrustedProxies}, nil
}

func checkPublicURL(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("scheme must be https")
	case u.Host == "":
		return errors.New("host is missing")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return errors.New("must have no user, query or fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return errors.New("http is for loopback addresses only")
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Origin returns scheme, host and port (RFC 6454 §6.2).
func (s *Site) Origin() string { return s.base.Scheme + "://" + s.base.Host }

// Path returns the path of an address of the site, given its path below the public URL.
func (s *Site) Path(below string) string { return s.base.Path + below }

// OriginOf returns what a Content-Security-Policy calls the place that address leads to: its
// origin, or only the scheme for the private-use schemes of native apps (RFC 8252 §7.1).
// It is empty for what is no absolute address and for schemes that run in the page itself.
func OriginOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || unsafeSource(u.Host) {
		return ""
	}
	switch u.Scheme {
	case "", "javascript", "data", "vbscript", "blob", "filesystem", "about":
		return ""
	case "http", "https":
		if u.Host == "" {
			return ""
		}
		return u.Scheme + "://" + u.Host
	default:
		return u.Scheme + ":"
	}
}

// unsafeSource reports whether host would be read as more than a host inside a policy.
func unsafeSource(host string) bool { return strings.ContainsAny(host, " \t;,'\"*") }

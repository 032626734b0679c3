package registry

import (
	"fmt"
	"net/url"
	"slices"
)

// checkOrigin accepts the text that browsers send as Origin (RFC 6454 §6.2), of https or of this
// machine. Anything else, a default port spelled out for one, would never match.
func checkOrigin(origin string) error {
	u, err := parsePlain(origin)
	if err != nil {
		return err
	}
	if err := checkWeb(u); err != nil {
		return err
	}
	if want := originOf(u); origin != want {
		return fmt.Errorf("%q is not an origin: browsers would send %q", origin, want)
	}
	return nil
}

// checkLogoutURI accepts where the end of a session is told: like a redirect, but only by http.
func checkLogoutURI(uri string) error {
	u, err := parsePlain(uri)
	if err != nil {
		return err
	}
	return checkWeb(u)
}

// checkWeb accepts https, and http on this machine.
func checkWeb(u *url.URL) error {
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("%q must be https: http is for 127.0.0.1, [::1] and localhost", u)
	}
	return checkAuthority(u)
}

// originOf returns an address's origin as browsers write it, without the scheme's own port.
func originOf(u *url.URL) string {
	host := u.Host
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = host[:len(host)-len(port)-1]
	}
	return u.Scheme + "://" + host
}

func checkLogout(c *Client, report report) {
	for _, setting := range []struct{ path, uri string }{
		{"backchannel_logout_uri", c.BackchannelLogoutURI},
		{"frontchannel_logout_uri", c.FrontchannelLogoutURI},
		{"initiate_login_uri", c.InitiateLoginURI},
	} {
		if setting.uri == "" {
			continue
		}
		if err := checkLogoutURI(setting.uri); err != nil {
			report(setting.path, "%w", err)
		}
		if !c.LogsIn() {
			report(setting.path, "is of use only where people log in: with the grants authorization_code and device_code")
		}
	}
	if uri := c.FrontchannelLogoutURI; uri != "" && !slices.ContainsFunc(c.RedirectURIs, func(r string) bool { return sameOrigin(r, uri) }) {
		report("frontchannel_logout_uri", "%q has the scheme, host and port of none of the redirect_uris (OpenID Connect Front-Channel Logout §2)", uri)
	}
}

// sameOrigin compares two addresses that were checked or will be found faulty elsewhere.
func sameOrigin(a, b string) bool {
	u, errA := url.Parse(a)
	v, errB := url.Parse(b)
	return errA == nil && errB == nil && originOf(u) == originOf(v)
}

package egress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Transport returns a transport that judges the address of every request, redirects included. It uses
// no proxy: behind one, the address that is dialled would not be the receiver's, and could not be
// judged. The timeout bounds each of dialling, the TLS handshake and the wait for an answer.
func Transport(timeout time.Duration, allowPrivate bool) http.RoundTripper {
	dialer := &net.Dialer{
		Timeout: timeout,
		// It sees the resolved address just before connecting to it, so that a name cannot resolve to
		// one address for a check and to another for the connection.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			resolved, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("dial %q: %w", address, err)
			}
			return CheckAddr(resolved.Addr(), allowPrivate)
		},
	}
	return guard{allowPrivate: allowPrivate, next: &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    timeout,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        64,
		IdleConnTimeout:        30 * time.Second,
	}}
}

// A guard judges each request's address before its host name is looked up.
type guard struct {
	next         http.RoundTripper
	allowPrivate bool
}

func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := checkParsed(r.URL, g.allowPrivate); err != nil {
		return nil, err
	}
	return g.next.RoundTrip(r)
}

package federation

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Grade says how bad a Finding is.
type Grade string

// The grades of findings.
const (
	// Good is as it should be.
	Good Grade = "ok"
	// Warning works, and will not for ever, or not as well as it could.
	Warning Grade = "warning"
	// Fault keeps people from logging in.
	Fault Grade = "fault"
)

// Side says where something has to be changed.
type Side string

// The sides of a connection.
const (
	Here  Side = "patchbay"
	There Side = "identity provider"
)

// A Finding is what the examination of a connection found about one part of it.
type Finding struct {
	Grade Grade `json:"grade"`
	// Code names what was looked at, such as "jwks". It does not change between versions.
	Code string `json:"code"`
	// Message is what was found, for an administrator.
	Message string `json:"message"`
	// Fix is what to do, and Side where; both are empty when nothing has to be done.
	Fix  string `json:"fix,omitempty"`
	Side Side   `json:"side,omitempty"`
}

// Findings collects what an examination finds.
type Findings []Finding

// Good adds something that is as it should be.
func (f *Findings) Good(code, format string, args ...any) {
	*f = append(*f, Finding{Grade: Good, Code: code, Message: fmt.Sprintf(format, args...)})
}

// Warn adds something that could be better.
func (f *Findings) Warn(code string, side Side, fix, format string, args ...any) {
	*f = append(*f, Finding{Grade: Warning, Code: code, Message: fmt.Sprintf(format, args...), Fix: fix, Side: side})
}

// Fail adds something that keeps people from logging in.
func (f *Findings) Fail(code string, side Side, fix, format string, args ...any) {
	*f = append(*f, Finding{Grade: Fault, Code: code, Message: fmt.Sprintf(format, args...), Fix: fix, Side: side})
}

// Failed reports whether anything keeps people from logging in.
func (f Findings) Failed() bool {
	for _, one := range f {
		if one.Grade == Fault {
			return true
		}
	}
	return false
}

// Unreachable adds why an address of the IdP could not be asked, in the words of the layer that failed.
func (f *Findings) Unreachable(code, address string, err error) {
	var (
		dns     *net.DNSError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		record  tls.RecordHeaderError
		status  statusError
	)
	switch {
	case errors.As(err, &dns):
		f.Fail(code, Here, "Check the spelling of the host, and this machine's name server.", "%s: the name %q does not resolve", address, dns.Name)
	case errors.As(err, &unknown):
		f.Fail(code, There, "Serve the whole certificate chain, or add the private CA to this machine's trust store.",
			"%s: its TLS certificate is of an authority that this machine does not know", address)
	case errors.As(err, &invalid):
		f.Fail(code, There, "Renew the TLS certificate.", "%s: %v", address, invalid)
	case errors.As(err, &host):
		f.Fail(code, There, "Use the host that the certificate names, or renew it for this one.", "%s: %v", address, host)
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"): // net/http has no type for it
		f.Fail(code, Here, "Check scheme and port.", "%s: what answers does not speak TLS", address)
	case errors.Is(err, context.DeadlineExceeded):
		f.Fail(code, Here, "Let this machine reach the host: look at firewalls and proxies.", "%s: no answer in time", address)
	case errors.As(err, &status):
		f.Fail(code, Here, "Check the configured address.", "%s: %v", address, status)
	default:
		f.Fail(code, Here, "Check the configured address, firewalls and proxies.", "%s: %v", address, err)
	}
}

const (
	// soon is how long before its end a certificate should be renewed.
	soon = 30 * 24 * time.Hour
	// apart is how far two clocks may be from each other without anybody noticing.
	apart = 5 * time.Second
)

// Clock compares the clock of who answered with ours; skew is how far the connection lets them differ.
// A Date header is in whole seconds (RFC 9110 §6.6.1).
func (f *Findings) Clock(answer *http.Response, now time.Time, skew time.Duration) {
	const code = "clock"
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return
	}
	off := date.Sub(now).Round(time.Second)
	which := "ahead of"
	if off < 0 {
		which = "behind"
	}
	switch {
	case off.Abs() > skew:
		f.Fail(code, Here, "Synchronise both clocks (NTP).", "the identity provider's clock is %s %s ours, and only %s are allowed", off.Abs(), which, skew)
	case off.Abs() > apart:
		f.Warn(code, Here, "Synchronise both clocks (NTP).", "the identity provider's clock is %s %s ours; up to %s are allowed", off.Abs(), which, skew)
	default:
		f.Good(code, "both clocks agree")
	}
}

// TLS looks at the certificate of who answered.
func (f *Findings) TLS(answer *http.Response, now time.Time) {
	const code = "tls"
	if answer.TLS == nil || len(answer.TLS.PeerCertificates) == 0 {
		return
	}
	leaf := answer.TLS.PeerCertificates[0]
	f.Certificate(code, "the TLS certificate of "+answer.Request.URL.Host, leaf.NotBefore, leaf.NotAfter, now)
}

// Certificate looks at the validity of a certificate of the IdP's.
func (f *Findings) Certificate(code, name string, from, until, now time.Time) {
	day := until.UTC().Format(time.DateOnly)
	switch {
	case !now.Before(until):
		f.Fail(code, There, "Renew it.", "%s expired on %s", name, day)
	case now.Before(from):
		f.Fail(code, There, "Use it later, or look at the clocks.", "%s is not valid before %s", name, from.UTC().Format(time.DateOnly))
	case until.Sub(now) < soon:
		f.Warn(code, There, "Renew it in time.", "%s expires on %s, in %d days", name, day, int(until.Sub(now)/(24*time.Hour)))
	default:
		f.Good(code, "%s is valid until %s", name, day)
	}
}

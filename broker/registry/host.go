package registry

import (
	"net/netip"
	"strings"
)

// isLoopback reports whether a host, without brackets, is this machine in a URL one may register.
func isLoopback(host string) bool {
	return host == "127.0.0.1" || host == "::1" || host == "localhost"
}

// isHost accepts host names and IP addresses, lower-case.
func isHost(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	// A last label of digits is an IPv4 address to some parsers (https://url.spec.whatwg.org/#ends-in-a-number-checker).
	return len(host) <= 253 && allLabels(labels) && strings.Trim(last, "0123456789") != ""
}

// isDomain accepts lower-case domain names with at least one dot.
func isDomain(name string) bool {
	return strings.Contains(name, ".") && isHost(name) && !isAddress(name)
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func allLabels(labels []string) bool {
	for _, label := range labels {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

// isLabel accepts one label of a host name (RFC 1123 §2.1), lower-case. Accounts and connection ids
// are labels too, as they are parts of addresses.
func isLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return onlyLabelChars(label)
}

const labelChars = "abcdefghijklmnopqrstuvwxyz0123456789-"

func onlyLabelChars(s string) bool {
	for i := range len(s) {
		if !strings.Contains(labelChars, s[i:i+1]) {
			return false
		}
	}
	return true
}

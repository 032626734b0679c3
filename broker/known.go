package broker

import (
	"encoding/base64"
	"net/netip"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/throttle"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
)

// A known browser has logged somebody in by password before. It says so with a cookie that only we
// can write: its own id, and the accounts it knows, the latest first, sealed.
type knownBrowser struct {
	device   id.ID
	accounts []throttle.Account
}

const (
	// knownContext keeps other sealed texts from being taken for this cookie.
	knownContext = "patchbay known browser 1"
	// maxKnown bounds how many accounts one browser knows: a desk that a shift shares.
	maxKnown = 8
)

// known reads the cookie. What we did not seal, or cannot open any more, is a browser we do not know.
func (e *Engine) known(b Browser) knownBrowser {
	sealed, err := base64.RawURLEncoding.DecodeString(b.Known)
	if err != nil || len(sealed) == 0 {
		return knownBrowser{}
	}
	plain, err := e.Sealer.Open(sealed, []byte(knownContext))
	size := len(throttle.Account{})
	if err != nil || len(plain)%size != 0 || len(plain) < size {
		return knownBrowser{}
	}
	k := knownBrowser{device: id.ID(plain[:size])}
	for account := range slices.Chunk(plain[size:], size) {
		k.accounts = append(k.accounts, throttle.Account(account))
	}
	return k
}

// remember returns the value of the cookie once the browser has logged an account in.
func (e *Engine) remember(b Browser, account throttle.Account) (string, error) {
	k := e.known(b)
	if k.device.IsZero() {
		k.device = id.New()
	}
	k.accounts = slices.DeleteFunc(k.accounts, func(a throttle.Account) bool { return a == account })
	k.accounts = slices.Insert(k.accounts, 0, account)
	plain := slices.Clone(k.device[:])
	for _, a := range k.accounts[:min(len(k.accounts), maxKnown)] {
		plain = append(plain, a[:]...)
	}
	sealed, err := e.Sealer.Seal(plain, []byte(knownContext))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// source says where a try at an account comes from.
func (e *Engine) source(b Browser, account throttle.Account) throttle.Source {
	var from throttle.Source
	if k := e.known(b); slices.Contains(k.accounts, account) {
		from.Device = k.device
	}
	if addr, err := netip.ParseAddr(b.Address); err == nil {
		from.Network = ratelimit.NetworkOf(addr)
	}
	return from
}

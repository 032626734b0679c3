package throttle

import (
	"net/netip"
	"time"

	"github.com/maypok86/otter/v2"
)

// How many codes of devices may be guessed wrongly in a window.
const (
	guessesPerBrowser = 10
	guessesPerNetwork = 50
	guessWindow       = 10 * time.Minute
)

// Guesses counts the codes that people type and no device shows (RFC 8628 §5.1), per browser and per
// network: a browser begins anew when it forgets its cookies, and a network is shared. Like a login, a
// guess is counted when it begins and forgiven when it was right.
type Guesses struct {
	now      func() time.Time
	browsers *otter.Cache[[32]byte, *failures]
	networks *otter.Cache[netip.Prefix, *failures]
}

// NewGuesses returns Guesses that have seen nothing yet.
func NewGuesses(now func() time.Time) *Guesses {
	return &Guesses{
		now:      now,
		browsers: newMemory[[32]byte, *failures](maxAccounts, guessWindow),
		networks: newMemory[netip.Prefix, *failures](maxAddresses, guessWindow),
	}
}

// Begin counts a guess. Unless retry is zero there is none left, and none was counted; else forgive
// takes it back. browser is the hash of a cookie; network may be the zero Prefix.
func (g *Guesses) Begin(browser [32]byte, network netip.Prefix) (forgive func(), retry time.Duration) {
	at := g.now()
	inNetwork := remembered(g.networks, network, newFailures)
	if retry := inNetwork.add(at, guessWindow, guessesPerNetwork); retry > 0 {
		return nil, retry
	}
	inBrowser := remembered(g.browsers, browser, newFailures)
	if retry := inBrowser.add(at, guessWindow, guessesPerBrowser); retry > 0 {
		inNetwork.remove(at)
		return nil, retry
	}
	return func() {
		inNetwork.remove(at)
		inBrowser.remove(at)
	}, 0
}

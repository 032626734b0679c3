package provider

import (
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// introspected is what is said about a live token's user, who may change while the token lives
// (RFC 7662 §2.2). What the token says for itself comes after it.
type introspected struct {
	Active           bool   `json:"active"`
	Username         string `json:"username,omitempty"`
	SoftphoneAddress string `json:"softphone_address,omitempty"`
}

// answerFacts are all that the answer about a live token depends on, beside the token.
type answerFacts struct {
	profile  registry.Profile
	username string
	phones   []mapping.Softphone
	tenant   *registry.Tenant
}

func (f answerFacts) equal(g answerFacts) bool {
	return f.profile == g.profile && f.username == g.username && f.tenant == g.tenant && slices.Equal(f.phones, g.phones)
}

// head is what is said about the user, or why a telephone would have nothing to match.
func (f answerFacts) head(user bool) (introspected, error) {
	out := introspected{Active: true, Username: f.username}
	aor, why := "", errors.New("the token is a client's own, not a user's")
	if user {
		aor, why = mapping.AddressOfRecord(f.phones, f.tenant.SIPDomains)
	}
	if aor != "" {
		out.SoftphoneAddress = "sip:" + aor
	}
	if f.profile != registry.ProfileAudioCodes {
		return out, nil
	}
	// With an @ in it the SBC compares the whole address of record, not just its user part.
	out.Username = aor
	return out, why
}

// A lastAnswer is what was last said about a token, to be said again while the facts are the same: a
// switch asks about a telephone every minute, and its row changes once a year.
type lastAnswer struct{ said atomic.Pointer[saidAbout] }

type saidAbout struct {
	answerFacts
	answer json.RawMessage
}

// about returns the answer to the same facts, or nil. Nobody may change it.
func (l *lastAnswer) about(f answerFacts) json.RawMessage {
	if last := l.said.Load(); last != nil && last.equal(f) {
		return last.answer
	}
	return nil
}

func (l *lastAnswer) remember(f answerFacts, answer json.RawMessage) {
	l.said.Store(&saidAbout{f, answer})
}

package broker

import (
	"context"
	"fmt"
	"slices"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Holding is by what the sessions are found that a user has on a connection. Both hashes are zero for a
// local login.
type Holding struct {
	// Holder is the user on the connection, External the external id that a session was opened under.
	Holder, External grant.Hash
}

// Holding returns whose a session is on its connection.
func (s Session) Holding() Holding {
	if s.IDP == LocalIDP {
		return Holding{}
	}
	return holding(s.Account, s.UserID, mapping.LinkKey{Connection: s.IDP, ExternalID: s.ExternalID})
}

func holding(account registry.Account, user mapping.UserID, key mapping.LinkKey) Holding {
	on := "\x00" + string(account) + "\x00" + key.Connection + "\x00"
	return Holding{Holder: grant.HashOf("holder" + on + string(user)), External: grant.HashOf("external" + on + key.ExternalID)}
}

// endHeld ends what was opened under the external ids whose place the link takes: whoever holds one of
// them now is not known to be this user. It runs before the link is replaced, so that a crash between the
// two ends too much and not too little, and again afterwards, for who logged in meanwhile. Access tokens
// that a client got in exchange have no session; they end at their time.
func (s sessionEnder) endHeld(ctx context.Context, l Link, like Event) error {
	h := holding(l.Account, l.UserID, l.Key)
	like.Account, like.LoginID = l.Account, l.LoginID
	like.Detail = map[string]string{"by": l.Key.Connection, "why": string(LinkReplaced)}
	_, err := s.all(ctx, like, func() ([]OriginSession, error) { return s.origins.SessionsHeld(ctx, h, endAtOnce) })
	if err != nil {
		return fmt.Errorf("ending the sessions of the link that is replaced: %w", err)
	}
	return nil
}

// endHeld is that of the Engine's own.
func (e *Engine) endHeld(ctx context.Context, l Link, address string) error {
	return sessionEnder{e.Origins, e.Grants, e.Now}.endHeld(ctx, l, Event{Address: address})
}

// A standing is what a link would meet.
type standing int

const (
	unlinked standing = iota // neither side has one
	linkedToEachOther
	linkedElsewhere // and the decision's proof holds
)

// standingOf returns what the link of a decision meets, or says why it cannot be made.
func standingOf(find mapping.Lookup, connections func() ([]string, error), key mapping.LinkKey, d mapping.Decision) (standing, string, error) {
	holders := func(external string) (own, any bool, err error) {
		users, err := find(mapping.Query{By: mapping.ByExternalID, Value: external, Connection: key.Connection})
		return len(users) == 1 && users[0].ID == d.User.ID, len(users) > 0, err
	}
	own, taken, err := holders(key.ExternalID)
	switch {
	case err != nil:
		return 0, "", err
	case own:
		return linkedToEachOther, "", nil
	case taken:
		return 0, "somebody else is linked to the external id", nil
	}
	all, err := connections()
	if err != nil || !slices.Contains(all, key.Connection) {
		return unlinked, "", err
	}
	const linked = "the user is linked to another external id on the connection"
	switch {
	case d.Replace == nil:
		return 0, linked, nil
	case d.Replace.Previous == "":
		return linkedElsewhere, "", nil
	}
	if proven, _, err := holders(d.Replace.Previous); err != nil || proven {
		return linkedElsewhere, "", err
	}
	return 0, linked + " than the proof names", nil
}

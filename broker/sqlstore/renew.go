package sqlstore

import (
	"context"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
)

const (
	renewSession query = `/* renew_session */ UPDATE pb_sessions SET
		token = ?, external_id = ?, upstream_subject = ?, upstream_session = ?, sealed_hint = ?, given = ?,
		auth_time = ?, amr = ?, acr = ?, login_id = ?, seen_at = ?, expires_at = ?, absolute_at = ?
		WHERE id = ? AND token = ? AND ended_at IS NULL`

	prolongSessionClients query = `/* prolong_session_clients */ UPDATE pb_session_clients SET expires_at = ?
		WHERE session_id = ?`
)

// seatSession stores the session of a login: a new one, or one that goes on, with its clients.
func (t *tx) seatSession(ctx context.Context, s broker.Session, renews grant.Hash) error {
	if renews == (grant.Hash{}) {
		return t.insertSession(ctx, s)
	}
	amr, err := encode(s.AMR)
	if err != nil {
		return err
	}
	given, err := encodeGiven(s.Given)
	if err != nil {
		return err
	}
	n, err := t.exec(ctx, renewSession, s.Token[:], key(s.ExternalID), key(s.UpstreamSubject), key(s.UpstreamSession),
		s.SealedHint, given, micros(s.AuthTime), amr, key(s.ACR), ref(s.LoginID), micros(s.SeenAt), micros(s.ExpiresAt),
		micros(s.AbsoluteAt), s.ID[:], renews[:])
	switch {
	case err != nil:
		return err
	case n == 0:
		return broker.ErrConflict
	}
	if err := t.run(ctx, prolongSessionClients, micros(s.AbsoluteAt), s.ID[:]); err != nil {
		return err
	}
	if err := t.run(ctx, deleteOrigin, s.ID[:]); err != nil {
		return err
	}
	return t.insertOrigin(ctx, s)
}

// insertOrigin remembers by what the session's IdP may name it, and under which external id it was opened.
func (t *tx) insertOrigin(ctx context.Context, s broker.Session) error {
	o, h := s.Origin(), s.Holding()
	if h == (broker.Holding{}) {
		return nil
	}
	return t.run(ctx, insertOrigin, s.ID[:], hash(o.Subject), hash(o.Session), hash(h.Holder), hash(h.External),
		key(s.UserID), micros(s.AbsoluteAt))
}

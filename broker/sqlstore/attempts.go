package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertAttempt query = `/* insert_attempt */ INSERT INTO pb_attempts
		(id, purpose, state, account, request, browser, connection, upstream_state, sealed_memo, device_id, session_id,
		created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	findAttempt query = `/* find_attempt */ SELECT id, purpose, state, account, request, browser, connection,
		upstream_state, sealed_memo, device_id, session_id, created_at, expires_at FROM pb_attempts WHERE id = ?`

	findAttemptByState query = `/* find_attempt_by_state */ SELECT id, purpose, state, account, request, browser, connection,
		upstream_state, sealed_memo, device_id, session_id, created_at, expires_at FROM pb_attempts WHERE upstream_state = ?`

	moveAttempt query = `/* move_attempt */ UPDATE pb_attempts
		SET state = ?, account = ?, connection = ?, upstream_state = ?, sealed_memo = ?, session_id = ?, moved_by = ?
		WHERE id = ? AND state IN (?)`

	attemptMovedBy query = `/* attempt_moved_by */ SELECT moved_by FROM pb_attempts WHERE id = ?`
)

// InsertAttempt implements broker.AttemptStore.
func (s *Store) InsertAttempt(ctx context.Context, a broker.Attempt) error {
	request, err := encode(a.Request)
	if err != nil {
		return err
	}
	err = s.inStatement(ctx, func(ctx context.Context, c conn) error {
		return c.run(ctx, insertAttempt, a.ID[:], key(a.Purpose), key(a.State), key(a.Account), request, a.Browser[:],
			key(a.Connection), hash(a.UpstreamState), a.SealedMemo, ref(a.Device), ref(a.SessionID),
			micros(a.CreatedAt), micros(a.ExpiresAt))
	})
	return wrap(err, "insert attempt %s", a.ID)
}

// Attempt implements broker.AttemptStore.
func (s *Store) Attempt(ctx context.Context, attempt id.ID) (broker.Attempt, error) {
	return s.attempt(ctx, findAttempt, attempt[:])
}

// AttemptByUpstreamState implements broker.AttemptStore.
func (s *Store) AttemptByUpstreamState(ctx context.Context, state grant.Hash) (broker.Attempt, error) {
	return s.attempt(ctx, findAttemptByState, state[:])
}

func (s *Store) attempt(ctx context.Context, q query, by []byte) (broker.Attempt, error) {
	var a broker.Attempt
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, q, []any{by}, toBytes{a.ID[:]}, toText[broker.Purpose]{&a.Purpose}, toText[broker.State]{&a.State},
			toText[registry.Account]{&a.Account}, toJSON{&a.Request}, toBytes{a.Browser[:]}, toText[string]{&a.Connection},
			toBytes{a.UpstreamState[:]}, &a.SealedMemo, toBytes{a.Device[:]}, toBytes{a.SessionID[:]},
			toTime{&a.CreatedAt}, toTime{&a.ExpiresAt})
	})
	if errors.Is(err, sql.ErrNoRows) {
		return broker.Attempt{}, broker.ErrNotFound
	}
	return a, wrap(err, "find attempt")
}

// MoveAttempt implements broker.AttemptStore. An attempt that does not exist is a conflict, too.
func (s *Store) MoveAttempt(ctx context.Context, a broker.Attempt, nonce id.ID, from ...broker.State) error {
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		_, err := c.moveAttempt(ctx, a, nonce, from)
		return err
	})
	return wrap(err, "move attempt %s to %s", a.ID, a.State)
}

// moveAttempt reports whether nonce had moved the attempt before.
func (c conn) moveAttempt(ctx context.Context, a broker.Attempt, nonce id.ID, from []broker.State) (before bool, err error) {
	if len(from) == 0 {
		return false, errors.New("no state to move from")
	}
	args := []any{key(a.State), key(a.Account), key(a.Connection), hash(a.UpstreamState), a.SealedMemo, ref(a.SessionID), nonce[:], a.ID[:]}
	for _, state := range from {
		args = append(args, key(state))
	}
	n, err := c.exec(ctx, moveAttempt.list(len(from)), args...)
	if err != nil || n > 0 {
		return false, err
	}
	var movedBy id.ID
	err = c.one(ctx, attemptMovedBy, []any{a.ID[:]}, toBytes{movedBy[:]})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, broker.ErrConflict
	case err != nil:
		return false, err
	case movedBy != nonce:
		return false, broker.ErrConflict
	}
	return true, nil
}

// Settle implements broker.AttemptStore.
func (s *Store) Settle(ctx context.Context, settlement broker.Settlement) error {
	err := s.inTx(ctx, func(ctx context.Context, t *tx) error { return t.settle(ctx, settlement) })
	return wrap(err, "settle login")
}

// settle makes one statement for each thing stored. The link comes after rows whose ids are new: a
// retry after a lost COMMIT reply meets one of those first, and not its own link.
func (t *tx) settle(ctx context.Context, s broker.Settlement) error {
	if !s.Attempt.ID.IsZero() {
		before, err := t.moveAttempt(ctx, s.Attempt, s.Nonce, s.From)
		if err != nil || before {
			return err
		}
	}
	if s.Device != nil {
		if err := t.decide(ctx, *s.Device); err != nil {
			return err
		}
	}
	if s.Login != nil {
		if err := t.insertLogin(ctx, *s.Login); err != nil {
			return err
		}
	}
	if s.Session != nil {
		if err := t.seatSession(ctx, *s.Session, s.Renews); err != nil {
			return err
		}
	}
	if s.Reached != nil {
		if err := t.reach(ctx, *s.Reached, s.Session != nil && s.Renews == grant.Hash{}); err != nil {
			return err
		}
	}
	if s.Code != nil {
		if err := t.insertCode(ctx, *s.Code); err != nil {
			return err
		}
	}
	if s.Consent != nil {
		if err := t.saveConsent(ctx, *s.Consent); err != nil {
			return err
		}
	}
	if s.Link != nil {
		if err := t.insertLink(ctx, *s.Link); err != nil {
			return err
		}
	}
	return t.appendEvents(ctx, s.Events)
}

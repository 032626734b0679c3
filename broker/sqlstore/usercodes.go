package sqlstore

import (
	"context"
	"time"

	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	insertWrongUserCode query = `/* insert_wrong_user_code */ INSERT INTO pb_wrong_user_codes (id, at) VALUES (?, ?)`

	countWrongUserCodes query = `/* count_wrong_user_codes */ SELECT COUNT(*) FROM pb_wrong_user_codes WHERE at > ?`
)

// RecordWrongUserCode implements broker.AttemptStore.
func (s *Store) RecordWrongUserCode(ctx context.Context, at time.Time) error {
	row := id.New()
	err := s.inStatement(ctx, func(ctx context.Context, c conn) error {
		return c.run(ctx, insertWrongUserCode, row[:], micros(at))
	})
	return wrap(err, "record a wrong user code")
}

// WrongUserCodes implements broker.AttemptStore.
func (s *Store) WrongUserCodes(ctx context.Context, since time.Time) (n int, err error) {
	err = s.read(ctx, func(ctx context.Context, c conn) error {
		return c.one(ctx, countWrongUserCodes, []any{micros(since)}, &n)
	})
	return n, wrap(err, "count wrong user codes")
}

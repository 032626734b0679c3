package sqlstore

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

const (
	loginsThrough query = `/* logins_through */ SELECT
		id, attempt_id, at, account, client_id, connection, subject, user_id, reason, detail, trace, address
		FROM pb_logins WHERE account = ? AND connection = ? AND at >= ? AND (at < ? OR at = ? AND id < ?)
		ORDER BY at DESC, id DESC LIMIT ?`

	tallyLogins query = `/* tally_logins */ SELECT account, by_password, by_sso, COUNT(*), SUM(logins) FROM (
		SELECT account, user_id, COUNT(*) AS logins,
			MAX(CASE WHEN connection = ? THEN 1 ELSE 0 END) AS by_password,
			MAX(CASE WHEN connection = ? THEN 0 ELSE 1 END) AS by_sso
		FROM pb_logins WHERE at >= ? AND at < ? AND reason = ? AND user_id <> ? GROUP BY account, user_id
		) AS seen GROUP BY account, by_password, by_sso ORDER BY account, by_password, by_sso`
)

// LoginsThrough implements broker.LoginHistory.
func (s *Store) LoginsThrough(ctx context.Context, account registry.Account, connection string, since time.Time, after broker.LoginMark, limit int) ([]broker.Login, error) {
	at := int64(math.MaxInt64)
	if !after.At.IsZero() {
		at = after.At.UnixMicro()
	}
	return s.logins(ctx, account, loginsThrough, []any{key(account), key(connection), since.UnixMicro(), at, at, after.ID[:], limit})
}

// TallyLogins implements broker.LoginHistory.
func (s *Store) TallyLogins(ctx context.Context, from, to time.Time) ([]broker.Tally, error) {
	var all []broker.Tally
	args := []any{key(broker.LocalIDP), key(broker.LocalIDP), from.UnixMicro(), to.UnixMicro(), key(""), key("")}
	err := s.read(ctx, func(ctx context.Context, c conn) error {
		all = nil
		return c.each(ctx, tallyLogins, args, func(rows *sql.Rows) error {
			var t broker.Tally
			err := rows.Scan(toText[registry.Account]{&t.Account}, &t.Password, &t.SSO, &t.Users, &t.Logins)
			all = append(all, t)
			return err
		})
	})
	return all, wrap(err, "tally logins from %s to %s", from, to)
}

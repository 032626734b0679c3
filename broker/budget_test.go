package broker_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func TestStatementBudgets(t *testing.T) {
	var asked []string
	config := legacytest.IQConfig(t, legacy.SQLite)
	config.OnStatement = func(s legacy.Statement) { asked = append(asked, "legacy "+string(s)) }
	k := newKitWith(t, legacytest.Open(t, config))
	b := newBrowser()
	user := iq.Known()[0]
	cost := func(fn func()) []string {
		asked = nil
		return append(k.store.cost(fn), asked...)
	}

	var code, token string
	login := cost(func() {
		attempt := k.begin(b, challenged)
		_, err := k.Page(t.Context(), attempt, b.Browser)
		k.must(err)
		next, err := k.Password(t.Context(), attempt, b.Browser, broker.Credentials{Login: user.Login, Password: secret.New(user.Password)})
		answer := b.answered(t, next, err)
		if string(answer.Grant.UserID) != user.UserID {
			t.Fatalf("user is %s", answer.Grant.UserID)
		}
		code = answer.Code
	})
	exchange := cost(func() {
		r, err := k.redeemChecked(code, func(ctx context.Context, g grant.Grant) error {
			// As the token endpoint does: may the user still have tokens?
			_, err := k.Directory.Find(ctx, mapping.TenantKey(user.Tenant), mapping.Query{By: mapping.ByID, Value: string(g.UserID)})
			return err
		})
		k.must(err)
		token = r.RefreshToken
	})
	refresh := cost(func() {
		_, err := k.rotate(token)
		k.must(err)
	})
	k.pass(time.Second)
	silently := cost(func() {
		next, err := k.Begin(t.Context(), request(), b.Browser)
		b.answered(t, next, err)
	})
	refusal := cost(func() {
		_, err := k.Password(t.Context(), k.begin(newBrowser()), broker.Browser{}, broker.Credentials{Login: user.Login, Password: secret.New("x")})
		refused(t, err, broker.ReasonBrowser)
	})
	for _, c := range []struct {
		name       string
		statements []string
		budget     int
	}{
		{"login from authorize to tokens", slices.Concat(login, exchange), 14},
		{"code exchange", exchange, 4},
		{"refresh", refresh, 2},
		{"silent answer", silently, 4},
		{"form of another browser", refusal, 4},
	} {
		t.Logf("%s: %d %v", c.name, len(c.statements), c.statements)
		if n := len(c.statements); n == 0 || n > c.budget {
			t.Errorf("%s costs %d statements, at most %d are allowed", c.name, n, c.budget)
		}
	}
}

package broker_test

import (
	"context"
	"errors"
	"testing"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

var errCrash = errors.New("the process is gone")

// crashing is a legacy database whose COMMIT of a new user fails, or whose reply to it is lost.
type crashing struct {
	*legacy.DB
	rollback, lost bool
}

func (c *crashing) Create(ctx context.Context, tenant mapping.TenantKey, u mapping.NewUser, key mapping.LinkKey, shown func(mapping.User) error) (mapping.User, error) {
	made, err := c.DB.Create(ctx, tenant, u, key, func(row mapping.User) error {
		err := shown(row)
		if c.rollback {
			return errors.Join(err, errCrash)
		}
		return err
	})
	if c.lost && err == nil {
		return mapping.User{}, errCrash
	}
	return made, err
}

// joining is a kit on the IQ sample, which keeps no links here, with a rule that makes users.
func joining(t *testing.T, engine legacy.Engine) (*kit, *crashing, legacy.Config) {
	t.Helper()
	c := legacytest.IQConfig(t, engine)
	for _, name := range []legacy.Statement{legacy.UserByExternalID, legacy.ExternalIDsOfUser, legacy.LinkExternalID, legacy.UnlinkExternalID, legacy.ScanExternalIDs} {
		delete(c.Profile.Statements, name)
	}
	db := &crashing{DB: legacytest.Open(t, c)}
	k := newKitWith(t, db)
	k.change("corp", func(c *registry.Connection) {
		c.CreateUsers = true
		c.Mapping = []mapping.Rule{
			{Name: "linked", Match: &mapping.Match{ExternalID: "{{ .external_id }}"}},
			{Name: "joiner", Create: &mapping.Create{Login: "{{ .account }}", GivenName: "{{ .account }}"}},
		}
	})
	return k, db, c
}

// joins logs somebody in who wants to be nora.
func (k *kit) joins(sub string) (mapping.UserID, error) {
	k.idps.identity = somebody(sub)
	k.idps.identity.Claims["account"] = "nora"
	b := newBrowser()
	next, err := k.complete(b, k.sent(b, k.begin(b)))
	if err != nil {
		return "", err
	}
	return b.answered(k.t, next, nil).Grant.UserID, nil
}

// TestACreationOutlivesACrash between the row in the legacy database and the link in ours.
func TestACreationOutlivesACrash(t *testing.T) {
	const hired = "INSERT INTO users (CustomerID, UserName, FirstName, Status, SSOOnly, eMailConfirmed, UserType) VALUES (10010, 'nora', 'Nora Berg', 'A', 0, 'N', 'person')"
	const dismissed = "DELETE FROM users WHERE UserName = 'nora'"
	for _, engine := range []legacy.Engine{legacy.SQLite, legacy.MySQL} {
		for _, tt := range []struct {
			name  string
			crash func(*kit, *crashing)
			// then happens in the legacy database before the person comes again.
			then  []string
			first error         // nil where the first login succeeds
			want  broker.Reason // of the second; empty where it succeeds
			rows  int
		}{
			{name: "no crash (the control)", crash: func(*kit, *crashing) {}, rows: 1},
			{name: "before the link", crash: func(k *kit, _ *crashing) { k.store.before = map[string]func(){"CompleteCreation": k.store.failNow} }, first: errDown, rows: 1},
			{name: "after the link", crash: func(k *kit, _ *crashing) {
				k.store.before = map[string]func(){"CompleteCreation": func() { k.store.failNow(); k.store.failLate() }}
			}, first: errDown, rows: 1},
			{name: "before the record", crash: func(k *kit, _ *crashing) { k.store.before = map[string]func(){"RecordCreation": k.store.failNow} }, first: errDown, rows: 1},
			{name: "before COMMIT", crash: func(_ *kit, c *crashing) { c.rollback = true }, first: errCrash, rows: 1},
			{name: "COMMIT whose reply is lost", crash: func(_ *kit, c *crashing) { c.lost = true }, first: errCrash, rows: 1},
			{name: "before COMMIT, and somebody else gets the login", crash: func(_ *kit, c *crashing) { c.rollback = true }, then: []string{hired}, first: errCrash, want: broker.ReasonLoginTaken, rows: 1},
			{name: "after COMMIT, and the row becomes somebody else's", crash: func(_ *kit, c *crashing) { c.lost = true }, then: []string{dismissed, hired}, first: errCrash, want: broker.ReasonLoginTaken, rows: 1},
			{name: "after COMMIT, and the row is edited", crash: func(_ *kit, c *crashing) { c.lost = true }, then: []string{"UPDATE users SET eMail = 'nora@acme.example' WHERE UserName = 'nora'"}, first: errCrash, want: broker.ReasonLoginTaken, rows: 1},
			{name: "after COMMIT, and the row is switched off", crash: func(_ *kit, c *crashing) { c.lost = true }, then: []string{"UPDATE users SET Status = 'I' WHERE UserName = 'nora'"}, first: errCrash, want: broker.ReasonInactive, rows: 1},
			{name: "after COMMIT, and the row is deleted", crash: func(_ *kit, c *crashing) { c.lost = true }, then: []string{dismissed}, first: errCrash, rows: 1},
		} {
			t.Run(string(engine)+"/"+tt.name, func(t *testing.T) {
				k, db, config := joining(t, engine)
				tt.crash(k, db)
				_, err := k.joins("idp|nora")
				if tt.first == nil && err != nil {
					t.Fatal(err)
				}
				if tt.first != nil {
					trouble(t, err, tt.first)
				}
				db.rollback, db.lost = false, false
				k.store.disarm()
				for _, statement := range tt.then {
					legacytest.Exec(t, config, statement)
				}

				// A stranger who asks for the same login is told that it is taken, and stays nobody, unless it is free.
				found, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "nora"})
				k.must(err)
				if len(found) > 0 {
					_, err = k.joins("idp|mallory")
					refused(t, err, broker.ReasonLoginTaken)
				}
				user, err := k.joins("idp|nora")
				if tt.want != "" {
					refused(t, err, tt.want)
				} else {
					k.must(err)
					again, err := k.joins("idp|nora")
					if err != nil || again != user {
						t.Errorf("the third login is %s, %v, and the second %s", again, err, user)
					}
					if made, linked := k.logged(broker.UserCreated), k.logged(broker.LinkCreated); len(made) != 1 || len(linked) != 1 || made[0].UserID != user {
						t.Errorf("%d events of a user made, %d of a link: %+v", len(made), len(linked), made)
					}
				}
				if found, err = db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "nora"}); err != nil || len(found) != tt.rows {
					t.Errorf("%d rows, %v", len(found), err)
				}
			})
		}
	}
}

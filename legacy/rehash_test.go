package legacy_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// rehashes opens the IQ sample so that passwords are hashed anew, and returns what became of each.
func rehashes(t *testing.T, c legacy.Config, scheme passhash.Scheme) (*legacy.DB, func() []legacy.Rehash) {
	t.Helper()
	var mu sync.Mutex
	var all []legacy.Rehash
	c.Rehash = scheme
	c.OnRehash = func(r legacy.Rehash) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, r)
	}
	return legacytest.Open(t, c), func() []legacy.Rehash {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func storedHash(t *testing.T, c legacy.Config, user string) (hash string) {
	t.Helper()
	row := legacytest.SQL(t, c).QueryRowContext(t.Context(), "SELECT PwHash FROM credentials WHERE isCurrent = 1 AND UserID = ?", user)
	if err := row.Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}

func known(t *testing.T, scheme string) iq.KnownUser {
	t.Helper()
	for _, u := range iq.Known() {
		if u.Scheme == scheme && !u.Inactive {
			return u
		}
	}
	t.Fatalf("nobody has a password of scheme %s", scheme)
	return iq.KnownUser{}
}

func TestRehash(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		for scheme, prefix := range map[passhash.Scheme]string{passhash.Bcrypt: "$2y$12$", passhash.Argon2id: "$argon2id$v=19$m=19456,t=2,p=1$"} {
			c := legacytest.IQConfig(t, engine)
			db, became := rehashes(t, c, scheme)
			user := known(t, "sha1-salted")
			if _, err := db.Authenticate(t.Context(), mapping.TenantKey(user.Tenant), user.Login, "wrong"); !errors.Is(err, mapping.ErrWrongPassword) || len(became()) != 0 {
				t.Errorf("a wrong password: %v, %v", err, became())
			}
			for n := range 2 {
				if _, err := db.Authenticate(t.Context(), mapping.TenantKey(user.Tenant), user.Login, user.Password); err != nil {
					t.Fatalf("login %d: %v", n, err)
				}
			}
			if got := storedHash(t, c, user.UserID); !strings.HasPrefix(got, prefix) {
				t.Errorf("%s: the hash is of another kind, %d bytes", scheme, len(got))
			}
			if all := became(); len(all) != 1 || all[0].Err != nil || all[0].User != mapping.UserID(user.UserID) {
				t.Errorf("%s: two logins made %+v", scheme, all)
			}
			if _, err := db.Authenticate(t.Context(), mapping.TenantKey(user.Tenant), user.Login, user.Password+"x"); !errors.Is(err, mapping.ErrWrongPassword) {
				t.Errorf("afterwards a wrong password: %v", err)
			}
		}
	})
}

// TestRehashIsNotAsked: without the setting nothing is written, and the statement is not even prepared.
func TestRehashIsNotAsked(t *testing.T) {
	c := legacytest.IQConfig(t, legacy.SQLite)
	c.Profile.Statements[legacy.UpdatePassword] = "UPDATE nothing SET x = :new_hash WHERE a = :old_hash AND b = :user_id AND c = :tenant"
	user := known(t, "sha1-salted")
	before := storedHash(t, c, user.UserID)
	db := legacytest.Open(t, c)
	if _, err := db.Authenticate(t.Context(), mapping.TenantKey(user.Tenant), user.Login, user.Password); err != nil {
		t.Fatal(err)
	}
	if storedHash(t, c, user.UserID) != before {
		t.Error("the hash was changed")
	}
	for scheme, want := range map[passhash.Scheme]string{passhash.Bcrypt: "update_password: ", "md5": `rehash "md5" is neither`} {
		c.Rehash = scheme
		if _, err := legacy.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", scheme, err)
		}
	}
	delete(c.Profile.Statements, legacy.UpdatePassword)
	c.Rehash = passhash.Bcrypt
	if _, err := legacy.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "the profile has no update_password") {
		t.Errorf("no statement: %v", err)
	}
}

// TestRehashGivesUp: the login succeeds, the old hash stays, and somebody is told why.
func TestRehashGivesUp(t *testing.T) {
	const update = "UPDATE credentials SET PwHash = :new_hash, PwSalt = NULL, PwType = NULL WHERE UserID = :user_id AND PwHash = :old_hash AND :tenant > ''"
	for _, tt := range []struct{ name, statement, want string }{
		{"control", update, ""},
		{"somebody else was quicker", update + " AND 1 = 0", "the stored hash has changed meanwhile"},
		{"a column that cuts", strings.Replace(update, ":new_hash", "SUBSTR(:new_hash, 1, 40)", 1), "reads back differently"},
		{"the old scheme stays", strings.Replace(update, ", PwType = NULL", "", 1), "would not verify any more"},
		{"the old salt stays", strings.Replace(update, "PwSalt = NULL, ", "", 1), "would not verify any more"},
		{"more than one row", "UPDATE credentials SET PwHash = :new_hash WHERE UserID = :user_id OR PwHash <> :old_hash OR :tenant = ''", "it would change"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := legacytest.IQConfig(t, legacy.SQLite)
			c.Profile.Statements[legacy.UpdatePassword] = tt.statement
			db, became := rehashes(t, c, passhash.Bcrypt)
			user := known(t, "sha1-salted")
			before := storedHash(t, c, user.UserID)
			if _, err := db.Authenticate(t.Context(), mapping.TenantKey(user.Tenant), user.Login, user.Password); err != nil {
				t.Fatal(err)
			}
			all := became()
			if len(all) != 1 {
				t.Fatalf("told %d times", len(all))
			}
			if tt.want == "" {
				if all[0].Err != nil || storedHash(t, c, user.UserID) == before {
					t.Fatalf("the control: %v", all[0].Err)
				}
				return
			}
			if all[0].Err == nil || !strings.Contains(all[0].Err.Error(), tt.want) || storedHash(t, c, user.UserID) != before {
				t.Errorf("got %v, want %q and the old hash", all[0].Err, tt.want)
			}
			if strings.Contains(all[0].Err.Error(), before) {
				t.Error("the error holds the hash")
			}
		})
	}
}

// TestRehashKeepsLongPasswords: bcrypt would cut them at 72 bytes, so they keep their hash.
func TestRehashKeepsLongPasswords(t *testing.T) {
	c := legacytest.IQConfig(t, legacy.SQLite)
	long := strings.Repeat("long password ", 6)
	legacytest.Exec(t, c, "UPDATE credentials SET PwHash = ?, PwSalt = NULL, PwType = 'plaintext' WHERE UserID = 4711", long)
	c.Profile.Passwords.AllowPlaintext = true
	db, became := rehashes(t, c, passhash.Bcrypt)
	if _, err := db.Authenticate(t.Context(), iq.Acme, "ana", long); err != nil || len(became()) != 0 || storedHash(t, c, "4711") != long {
		t.Errorf("%v, %+v", err, became())
	}
}

// TestAPasswordChangedMeanwhileWins: somebody sets another one while theirs is hashed anew, and just as that
// is written.
func TestAPasswordChangedMeanwhileWins(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		user := known(t, "sha1-salted")
		const theirs = "$2y$04$abcdefghijklmnopqrstuuAJ7i2cyIrE1yTfUTSvhOHtAtnTHNgvO"
		for _, tt := range []struct {
			name string
			at   legacy.Statement
			wait time.Duration
		}{
			{"control: nobody does", "", 0},
			{"while it is hashed", legacy.UserByLogin, 50 * time.Millisecond},
			{"as it is written", legacy.UpdatePassword, 0},
		} {
			t.Run(tt.name, func(t *testing.T) {
				c := legacytest.IQConfig(t, engine)
				var once sync.Once
				changed := make(chan struct{})
				raw := legacytest.SQL(t, c)
				change := func() {
					defer close(changed)
					time.Sleep(tt.wait)
					// The legacy application waits for a lock like anybody else.
					for range 50 {
						if _, err := raw.ExecContext(t.Context(), "UPDATE credentials SET PwHash = ?, PwSalt = NULL, PwType = NULL WHERE isCurrent = 1 AND UserID = ?", theirs, user.UserID); err == nil {
							return
						}
						time.Sleep(20 * time.Millisecond)
					}
					t.Error("the legacy application could not write")
				}
				var opened atomic.Bool
				c.OnStatement = func(s legacy.Statement) {
					if s != tt.at || !opened.Load() {
						return
					}
					once.Do(func() {
						go change()
						if engine == legacy.MySQL && tt.at == legacy.UpdatePassword {
							<-changed // SQLite's writers come one after the other
						}
					})
				}
				db, became := rehashes(t, c, passhash.Bcrypt)
				opened.Store(true)
				if _, err := db.Authenticate(t.Context(), mapping.TenantKey(user.Tenant), user.Login, user.Password); err != nil {
					t.Fatalf("the login: %v", err)
				}
				if tt.at == "" {
					if all := became(); len(all) != 1 || all[0].Err != nil || storedHash(t, c, user.UserID) == theirs {
						t.Fatalf("became %+v", all)
					}
					return
				}
				<-changed
				if got := storedHash(t, c, user.UserID); got != theirs {
					t.Errorf("the stored hash is %.7s…, not what was set meanwhile; rehashing became %+v", got, became())
				}
				if all := became(); tt.at == legacy.UserByLogin && (len(all) != 1 || all[0].Err == nil || !strings.Contains(all[0].Err.Error(), "has changed meanwhile")) {
					t.Errorf("rehashing became %+v", all)
				}
			})
		}
	})
}

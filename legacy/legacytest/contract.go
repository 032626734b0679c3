package legacytest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
)

// An Account is somebody whose password is known.
type Account struct {
	Login, Password string
	ID              mapping.UserID
	Inactive        bool
}

// An Expectation is what a sample must say through its profile.
type Expectation struct {
	Tenant mapping.TenantKey
	// Accounts are those who can log in, and those who could if they were active. The first one is Known.
	Accounts []Account
	// Known has an e-mail address, roles, groups and softphones as below; the last three may be empty.
	Email      string
	Roles      []string
	Groups     []string
	Softphones []string
	// Strangers are logins that no user has, byte by byte, however much they look like one.
	Strangers []string
	// NoPassword are logins whose stored password is none that verifies.
	NoPassword []string
	// SharedEmail is the address of more than one user; may be empty.
	SharedEmail string
}

// Contract holds a profile to what every directory must do, whatever its schema.
func Contract(t *testing.T, db *legacy.DB, want Expectation) {
	known := want.Accounts[0]
	user, err := db.Authenticate(t.Context(), want.Tenant, known.Login, known.Password)
	if err != nil || user.ID != known.ID {
		t.Fatalf("the control, %s, cannot log in: %+v, %v", known.Login, user, err)
	}
	t.Run("passwords", func(t *testing.T) { contractPasswords(t, db, want) })
	t.Run("lookups", func(t *testing.T) { contractLookups(t, db, want) })
	t.Run("hostile values", func(t *testing.T) { contractHostile(t, db, want) })
}

func contractPasswords(t *testing.T, db *legacy.DB, want Expectation) {
	for _, a := range want.Accounts {
		user, err := db.Authenticate(t.Context(), want.Tenant, a.Login, a.Password)
		if err != nil || user.ID != a.ID || user.Active == a.Inactive {
			t.Errorf("%s: %+v, %v", a.Login, user, err)
		}
		if user, err = db.Authenticate(t.Context(), want.Tenant, a.Login, a.Password+"x"); !errors.Is(err, mapping.ErrWrongPassword) || user.ID != a.ID {
			t.Errorf("%s with a wrong password: %+v, %v", a.Login, user, err)
		}
		if _, err = db.Authenticate(t.Context(), want.Tenant+"x", a.Login, a.Password); !errors.Is(err, mapping.ErrNoUser) {
			t.Errorf("%s of another tenant: %v", a.Login, err)
		}
	}
	for _, login := range want.NoPassword {
		for _, password := range []string{"", "!", "x"} {
			if _, err := db.Authenticate(t.Context(), want.Tenant, login, password); !errors.Is(err, mapping.ErrWrongPassword) {
				t.Errorf("%s has no password: %v", login, err)
			}
		}
	}
	for _, login := range want.Strangers {
		if _, err := db.Authenticate(t.Context(), want.Tenant, login, want.Accounts[0].Password); !errors.Is(err, mapping.ErrNoUser) {
			t.Errorf("%q is nobody: %v", login, err)
		}
	}
}

func contractLookups(t *testing.T, db *legacy.DB, want Expectation) {
	known := want.Accounts[0]
	user, err := db.User(t.Context(), want.Tenant, known.ID)
	if err != nil || user.Email != want.Email || !user.Active {
		t.Errorf("by id: %+v, %v", user, err)
	}
	if found, err := db.Find(t.Context(), want.Tenant, mapping.Query{By: mapping.ByEmail, Value: want.Email}); err != nil || len(found) != 1 || found[0].ID != known.ID {
		t.Errorf("by e-mail: %+v, %v", found, err)
	}
	if want.SharedEmail != "" {
		if found, err := db.Find(t.Context(), want.Tenant, mapping.Query{By: mapping.ByEmail, Value: want.SharedEmail}); err != nil || len(found) < 2 {
			t.Errorf("by a shared e-mail: %+v, %v", found, err)
		}
	}
	d, err := db.Details(t.Context(), want.Tenant, known.ID, mapping.Roles|mapping.Groups|mapping.Softphones|mapping.Configuration)
	if err != nil {
		t.Fatal(err)
	}
	var phones []string
	for _, p := range d.Softphones {
		phones = append(phones, p.Address)
	}
	if !slices.Equal(d.Roles, want.Roles) || !slices.Equal(d.Groups, want.Groups) || !slices.Equal(phones, want.Softphones) {
		t.Errorf("details are %+v, want %q, %q, %q", d, want.Roles, want.Groups, want.Softphones)
	}
	if users := scanned(t, db); !slices.ContainsFunc(users, func(u mapping.User) bool {
		return u.ID == known.ID && u.Tenant == want.Tenant && u.Username == user.Username
	}) {
		t.Errorf("a scan does not find %s among %d", known.ID, len(users))
	}
}

func scanned(t *testing.T, db *legacy.DB) (users []mapping.User) {
	t.Helper()
	err := db.ScanUsers(t.Context(), func(u legacy.Scanned) error {
		users = append(users, u.User)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return users
}

// contractHostile asks for what nobody has, in every parameter: the answer is nobody, never an error, and
// the table is still there.
func contractHostile(t *testing.T, db *legacy.DB, want Expectation) {
	for _, value := range []string{
		"' OR '1'='1", `" OR ""="`, `\' OR 1=1 -- `, "x'; DROP TABLE auth_user; --", "%", "_", "*", "?", "$1", ":login", "@p1", "${x}",
		"\x00", "a\x00", "\xff", strings.Repeat("a", 10_000), strings.Repeat("é", 500), "0x41", "1 OR 1=1", "1e0", " 1", "+1", "01", "99999999999999999999", "-1",
	} {
		for _, by := range []mapping.By{mapping.ByID, mapping.ByLogin, mapping.ByEmail} {
			if found, err := db.Find(t.Context(), want.Tenant, mapping.Query{By: by, Value: value}); err != nil || len(found) > 0 {
				t.Errorf("by %s %.30q: %+v, %v", by, value, found, err)
			}
		}
		if found, err := db.Find(t.Context(), mapping.TenantKey(value), mapping.Query{By: mapping.ByLogin, Value: want.Accounts[0].Login}); err != nil || len(found) > 0 {
			t.Errorf("of tenant %.30q: %+v, %v", value, found, err)
		}
		if db.KeepsLinks() {
			if found, err := db.Find(t.Context(), want.Tenant, mapping.Query{By: mapping.ByExternalID, Connection: value, Value: value}); err != nil || len(found) > 0 {
				t.Errorf("by external id %.30q: %+v, %v", value, found, err)
			}
		}
	}
	if user, err := db.Authenticate(t.Context(), want.Tenant, want.Accounts[0].Login, want.Accounts[0].Password); err != nil {
		t.Errorf("afterwards: %+v, %v", user, err)
	}
}

package legacy_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// TestScanSchemes counts everybody of the sample, and changes single rows.
func TestScanSchemes(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		c := legacytest.IQConfig(t, engine)
		db := legacytest.Open(t, c)
		counted := func() (all, able map[string]int) {
			all, able = map[string]int{}, map[string]int{}
			err := db.ScanSchemes(t.Context(), func(tenant mapping.TenantKey, scheme string, can bool) error {
				kind := fmt.Sprintf("%s %s", tenant, scheme)
				all[kind]++
				if can {
					able[kind]++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return all, able
		}
		all, able := counted()
		if all["10010 bcrypt"] < 10 || able["10010 bcrypt"] < 10 || all["10020 bcrypt"] == 0 {
			t.Fatalf("the control: %v", all)
		}
		if able["10010 "+legacy.SchemeNone] != 0 || all["10010 "+legacy.SchemeNone] == 0 {
			t.Errorf("without a password: %d, of whom %d can log in with it", all["10010 "+legacy.SchemeNone], able["10010 "+legacy.SchemeNone])
		}
		const set = "UPDATE credentials SET PwSalt = NULL, PwType = NULL, PwHash = "
		const of = " WHERE isCurrent = 1 AND UserID = 4711"
		costly := "'$2y$20$' || SUBSTR(PwHash, 8)"
		if engine == legacy.MySQL {
			costly = "CONCAT('$2y$20$', SUBSTR(PwHash, 8))"
		}
		for want, hash := range map[string]string{
			"md5":                  "'5f4dcc3b5aa765d61d8327deb882cf99'",
			legacy.SchemeUnknown:   "'no hash that anybody knows'",
			legacy.SchemePlaintext: "'{PLAIN}secret'",
			legacy.SchemeTooCostly: costly,
		} {
			t.Run(want, func(t *testing.T) {
				before, beforeAble := counted()
				old := storedHash(t, c, "4711")
				legacytest.Exec(t, c, set+hash+of)
				after, afterAble := counted()
				if after["10010 "+want] != before["10010 "+want]+1 {
					t.Errorf("after %s: %v", hash, after)
				}
				if gained := afterAble["10010 "+want] - beforeAble["10010 "+want]; (gained == 1) != (want == "md5") {
					t.Errorf("after %s there are %d more who can log in with it", hash, gained)
				}
				legacytest.Exec(t, c, set+"?"+of, old)
			})
		}
	})
}

// TestJudgeNamesTheScheme: whoever compares databases must know by what each has verified.
func TestJudgeNamesTheScheme(t *testing.T) {
	db := legacytest.IQ(t)
	for _, u := range iq.Known() {
		if u.Tenant != iq.Acme || u.Password == "" || u.Inactive {
			continue
		}
		user, scheme, err := db.Judge(t.Context(), iq.Acme, u.Login, u.Password)
		if err != nil || string(user.ID) != u.UserID || scheme == "" {
			t.Errorf("%s: %q, %q, %v", u.Login, user.ID, scheme, err)
		}
		_, wrong, err := db.Judge(t.Context(), iq.Acme, u.Login, u.Password+"x")
		if !errors.Is(err, mapping.ErrWrongPassword) || wrong != scheme {
			t.Errorf("%s, wrong: %q, %v", u.Login, wrong, err)
		}
	}
	if user, scheme, err := db.Judge(t.Context(), iq.Acme, "nobody", "x"); !errors.Is(err, mapping.ErrNoUser) || user.ID != "" || scheme != "" {
		t.Errorf("nobody: %q, %q, %v", user.ID, scheme, err)
	}
}

// TestReadOnly: a database that is opened to read only is sent no statement that writes, not even to try it.
func TestReadOnly(t *testing.T) {
	c := legacytest.IQConfig(t, legacy.SQLite)
	c.Profile.Statements[legacy.UpdatePassword] = "UPDATE nothing SET x = :new_hash WHERE a = :old_hash AND b = :user_id AND c = :tenant"
	writes := []legacy.Statement{legacy.LinkExternalID, legacy.UnlinkExternalID, legacy.UpdatePassword, legacy.CreateUser}
	for _, readOnly := range []bool{false, true} {
		c.ReadOnly = readOnly
		db := legacytest.Open(t, c)
		if db.KeepsLinks() == readOnly {
			t.Errorf("read only %v: it keeps links: %v", readOnly, db.KeepsLinks())
		}
		for _, write := range writes {
			if readOnly && db.Has(write) {
				t.Errorf("%s is there", write)
			}
		}
		if _, err := db.Authenticate(t.Context(), iq.Acme, "ana", "demo-ana-4711"); err != nil {
			t.Error(err)
		}
	}
	c.Rehash = passhash.Bcrypt
	if _, err := legacy.Open(t.Context(), c); err == nil {
		t.Error("read only, it would hash passwords anew")
	}
}

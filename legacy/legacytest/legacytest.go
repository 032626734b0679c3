// Package legacytest opens the IQ sample for tests.
package legacytest

import (
	"maps"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	iqprofile "github.com/patchbay-auth/patchbay/legacy/iq"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// IQ returns the IQ sample on SQLite, in a file that goes with the test.
func IQ(t testing.TB) *legacy.DB {
	t.Helper()
	return IQOn(t, legacy.SQLite)
}

// IQOn returns the IQ sample on an engine.
func IQOn(t testing.TB, engine legacy.Engine) *legacy.DB {
	t.Helper()
	return Open(t, IQConfig(t, engine))
}

// IQConfig loads the IQ sample and returns the configuration to open it with, for tests that
// change the configuration first.
func IQConfig(t testing.TB, engine legacy.Engine) legacy.Config {
	t.Helper()
	c := legacy.Config{Engine: engine, DSN: emptyDatabase(t, engine), Profile: iqprofile.Profile()}
	Load(t, c)
	return c
}

// Load fills the empty database of c with the IQ sample.
func Load(t testing.TB, c legacy.Config) {
	t.Helper()
	db := SQL(t, c)
	if err := iq.Load(t.Context(), db, string(c.Engine)); err != nil {
		t.Fatal(err)
	}
}

// Open opens c, and closes it when the test ends.
func Open(t testing.TB, c legacy.Config) *legacy.DB {
	t.Helper()
	db, err := legacy.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // likewise
	return db
}

// PerTenant returns the IQ sample as if its user ids were unique in their tenant only: they are the ids of
// IQ modulo 1000, so that 711 is Ana at Acme and somebody else at Globex.
func PerTenant(t testing.TB, engine legacy.Engine) *legacy.DB {
	t.Helper()
	c := IQConfig(t, engine)
	c.Profile.UserIDScope = legacy.PerTenant
	c.Profile.Statements = maps.Clone(c.Profile.Statements)
	// The sum makes a number of the text that is bound.
	ids := strings.NewReplacer("u.UserID AS user_id", "u.UserID % 1000 AS user_id", "u.UserID = :user_id", "u.UserID % 1000 = :user_id + 0")
	for name, text := range c.Profile.Statements {
		c.Profile.Statements[name] = ids.Replace(text)
	}
	// Links stay with the broker, and nobody is scanned.
	for _, name := range []legacy.Statement{
		legacy.UserByExternalID, legacy.ExternalIDsOfUser, legacy.LinkExternalID, legacy.UnlinkExternalID,
		legacy.ScanUsers, legacy.ScanSoftphones, legacy.ScanExternalIDs,
	} {
		delete(c.Profile.Statements, name)
	}
	return Open(t, c)
}

package legacy_test

import (
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
)

// TestForeignSchemas proves the samples of schemas that are not ours, with the hashes that those systems
// store.
func TestForeignSchemas(t *testing.T) {
	if testing.Short() {
		t.Skip("it hashes for minutes under the race detector, and nothing in it is concurrent")
	}
	aspnet := "0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e000"
	for dir, sample := range map[string]struct {
		engines []legacy.Engine
		want    legacytest.Expectation
	}{
		"phpbb": {[]legacy.Engine{legacy.SQLite, legacy.MySQL}, legacytest.Expectation{
			Tenant: "forum",
			Accounts: []legacytest.Account{
				{Login: "Ana", Password: "test1", ID: "2"},
				{Login: "aNA", Password: "test1", ID: "2"},
				{Login: "bo", Password: "password", ID: "3"},
				{Login: "cecilie", Password: "password", ID: "4"},
				{Login: "dag", Password: "password", ID: "5", Inactive: true},
				{Login: "elise", Password: "test1", ID: "8"},
			},
			Email: "ana@forum.example", SharedEmail: "shared@forum.example",
			Roles: []string{"administrator"}, Groups: []string{"MODERATORS", "REGISTERED"}, Softphones: []string{"sip:2@pbx.forum.example"},
			Strangers: []string{"ana ", "аna", "bo\x00", "nobody"}, NoPassword: []string{"crawler"},
		}},
		"aspnet": {[]legacy.Engine{legacy.SQLite}, legacytest.Expectation{
			Tenant: "portal",
			Accounts: []legacytest.Account{
				{Login: "ana@portal.example", Password: "my password", ID: "0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0001"},
				{Login: "BO@portal.example", Password: "my password", ID: "0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0002"},
				{Login: "cecilie", Password: "my password", ID: "0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0003"},
				{Login: "dag", Password: "my password", ID: "0d9ad1f4-5b2c-4d25-9c8e-1f0c4f6e0004", Inactive: true},
			},
			Email: "ana@portal.example", Roles: []string{"Administrator", "Agent"}, Groups: []string{"Support"}, Softphones: []string{"+4722000001"},
			Strangers: []string{"ana", "cecilie ", aspnet}, NoPassword: []string{"eva"},
		}},
		"django": {[]legacy.Engine{legacy.SQLite, legacy.Postgres}, legacytest.Expectation{
			Tenant: "site",
			Accounts: []legacytest.Account{
				{Login: "ana", Password: "lètmein", ID: "1"},
				{Login: "Ana", Password: "lètmein", ID: "2"},
				{Login: "bo", Password: "lètmein", ID: "3"},
				{Login: "dag", Password: "lètmein", ID: "4", Inactive: true},
			},
			Email: "ana@site.example", SharedEmail: "shared@site.example",
			Roles: []string{"staff", "superuser"}, Groups: []string{"agents", "supervisors"},
			Strangers: []string{"ANA", "ana ", "Bo"}, NoPassword: []string{"eva"},
		}},
	} {
		for _, engine := range sample.engines {
			t.Run(dir+"/"+string(engine), func(t *testing.T) {
				c := legacytest.Foreign(t, "../testdata/"+dir, engine)
				legacytest.Contract(t, legacytest.Open(t, c), sample.want)
			})
		}
	}
}

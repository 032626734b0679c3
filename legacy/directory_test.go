package legacy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

var _ broker.Directory = (*legacy.DB)(nil)

// onBoth runs a test on the IQ sample of each engine.
func onBoth(t *testing.T, test func(t *testing.T, engine legacy.Engine)) {
	t.Helper()
	for _, engine := range []legacy.Engine{legacy.SQLite, legacy.MySQL} {
		t.Run(string(engine), func(t *testing.T) { test(t, engine) })
	}
}

func TestUserHasEverything(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		user, err := db.User(t.Context(), iq.Acme, "4711")
		if err != nil {
			t.Fatal(err)
		}
		want := mapping.User{
			ID: "4711", Tenant: iq.Acme, Username: "ana", Active: true, Email: "ana.hansen@acme.example", EmailVerified: true,
			GivenName: "Ana", FamilyName: "Hansen", DisplayName: "Ana Hansen", Locale: "en-GB", Type: "person", Group: "Support",
			PasswordChangedAt: time.Date(2019, 3, 4, 5, 6, 7, 0, time.UTC),
		}
		if diff := cmp.Diff(want, user); diff != "" {
			t.Error(diff)
		}
		details, err := db.Details(t.Context(), iq.Acme, "4711", mapping.Roles|mapping.Groups|mapping.Softphones|mapping.Configuration)
		if err != nil {
			t.Fatal(err)
		}
		wantDetails := mapping.Details{
			Roles:       []string{"Administrator", "Agent", "Supervisor"},
			Permissions: []string{"contact-centre", "recording.listen", "softphone", "statistics.view", "users.edit"},
			Groups:      []string{"Acme Support", "Support"},
			Softphones:  []mapping.Softphone{{Address: "sip:4711@pbx.acme.example"}},
			Configuration: map[string]string{
				"solution_id": "10010", "queue.default": "support-en", "wrapup.seconds": "30", "skill.languages": "en,nb,es",
			},
		}
		if diff := cmp.Diff(wantDetails, details); diff != "" {
			t.Error(diff)
		}
		only, err := db.Details(t.Context(), iq.Acme, "4719", mapping.Softphones)
		if err != nil || len(only.Softphones) != 2 || only.Roles != nil {
			t.Errorf("softphones of 4719 alone: %+v, %v", only, err)
		}
	})
}

// TestFind is SECURITY §5: what a collation takes for the same is not.
func TestFind(t *testing.T) {
	const composed, decomposed = "\u00e9lise", "e\u0301lise"
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		if control, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "ana"}); err != nil || len(control) != 1 {
			t.Fatalf("the control is not found: %v, %v", control, err)
		}
		for _, tt := range []struct {
			name   string
			tenant mapping.TenantKey
			query  mapping.Query
			want   []mapping.UserID
		}{
			{"login", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "ana"}, []mapping.UserID{"4711"}},
			{"same login of another tenant", iq.Globex, mapping.Query{By: mapping.ByLogin, Value: "ana"}, []mapping.UserID{"5711"}},
			{"ASCII case folds", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "ANA"}, []mapping.UserID{"4711"}},
			{"duplicates by case are all returned", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "kari"}, []mapping.UserID{"4721", "4722"}},
			{"a trailing space is a character", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "lars"}, []mapping.UserID{"4724"}},
			{"and in the row too", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "lars "}, []mapping.UserID{"4723"}},
			{"trailing space on another login", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "ana "}, nil},
			{"an accent is a character", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: composed}, []mapping.UserID{"4725"}},
			{"no accent", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "elise"}, []mapping.UserID{"4726"}},
			{"case of an accented letter does not fold", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "\u00c9lise"}, nil},
			{"decomposed accent", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: decomposed}, nil},
			{"homoglyph", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "\u0430na"}, []mapping.UserID{"4743"}},
			{"full-width", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "\uff41na"}, nil},
			{"Kelvin sign is no k", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "\u212aari"}, nil},
			{"NUL", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "ana\x00"}, nil},
			{"invalid UTF-8", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "ana\xff"}, nil},
			{"10 kB", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: strings.Repeat("a", 10<<10)}, nil},
			{"empty", iq.Acme, mapping.Query{By: mapping.ByLogin}, nil},
			{"wildcard", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "%"}, nil},
			{"SQL", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "' OR '1'='1"}, nil},
			{"SQL with a backslash", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: `\' OR 1=1 -- `}, nil},
			{"quote and wildcard as they are", iq.Acme, mapping.Query{By: mapping.ByLogin, Value: "o'hara%_"}, []mapping.UserID{"4746"}},
			{"SQL as tenant", "10010 OR 1=1", mapping.Query{By: mapping.ByLogin, Value: "ana"}, nil},
			{"a number that MySQL would cut out of text", "10010abc", mapping.Query{By: mapping.ByLogin, Value: "ana"}, nil},
			{"no tenant", "", mapping.Query{By: mapping.ByLogin, Value: "ana"}, nil},

			{"id", iq.Acme, mapping.Query{By: mapping.ByID, Value: "4711"}, []mapping.UserID{"4711"}},
			{"id of another tenant", iq.Acme, mapping.Query{By: mapping.ByID, Value: "5711"}, nil},
			{"id with a tail", iq.Acme, mapping.Query{By: mapping.ByID, Value: "4711x"}, nil},
			{"id as another number", iq.Acme, mapping.Query{By: mapping.ByID, Value: "4711.0"}, nil},
			{"id with a zero", iq.Acme, mapping.Query{By: mapping.ByID, Value: "04711"}, nil},

			{"e-mail", iq.Acme, mapping.Query{By: mapping.ByEmail, Value: "ana.hansen@acme.example"}, []mapping.UserID{"4711"}},
			{"e-mail of two", iq.Acme, mapping.Query{By: mapping.ByEmail, Value: "shared@acme.example"}, []mapping.UserID{"4734", "4735"}},
			{"e-mail in another case", iq.Acme, mapping.Query{By: mapping.ByEmail, Value: "ANA.hansen@acme.example"}, nil},
			{"e-mail with trailing space in another row", iq.Acme, mapping.Query{By: mapping.ByEmail, Value: "lars@acme.example"}, []mapping.UserID{"4724"}},
			{"e-mail without its accent", iq.Acme, mapping.Query{By: mapping.ByEmail, Value: "elise@acme.example"}, []mapping.UserID{"4726"}},

			{"external id", iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: "corp|bo"}, []mapping.UserID{"4712"}},
			{"external id in the other tenant", iq.Globex, mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: "corp|bo"}, []mapping.UserID{"5712"}},
			{"external id of another connection", iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "adfs", Value: "corp|bo"}, nil},
			{"connection in another case", iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "CORP", Value: "corp|bo"}, nil},
			{"external id in another case", iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: "corp|BO"}, nil},
			{"external id with a space", iq.Acme, mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: "corp|bo "}, nil},
		} {
			t.Run(tt.name, func(t *testing.T) {
				users, err := db.Find(t.Context(), tt.tenant, tt.query)
				if err != nil {
					t.Fatal(err)
				}
				var got []mapping.UserID
				for _, u := range users {
					if u.Tenant != tt.tenant {
						t.Errorf("user %s is of tenant %s", u.ID, u.Tenant)
					}
					got = append(got, u.ID)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

func TestFindByUnknownKeyIsNoAnswer(t *testing.T) {
	db := legacytest.IQ(t)
	if _, err := db.Find(t.Context(), iq.Acme, mapping.Query{By: "shoe size", Value: "44"}); err == nil || !strings.Contains(err.Error(), `"shoe size"`) {
		t.Errorf("got %v", err)
	}
}

func TestRowsThatCannotBeRead(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		if _, err := db.User(t.Context(), iq.Acme, "4728"); err != nil {
			t.Fatalf("the control, with a NULL status: %v", err)
		}
		_, err := db.User(t.Context(), iq.Acme, "4727")
		if !errors.Is(err, mapping.ErrUnreadable) || !strings.Contains(err.Error(), "user_by_id: ") ||
			!strings.Contains(err.Error(), "column username: it is NULL") || errors.Is(err, mapping.ErrNoUser) {
			t.Errorf("NULL login: %v", err)
		}
		if _, err := db.User(t.Context(), iq.Acme, "99999"); !errors.Is(err, mapping.ErrNoUser) {
			t.Errorf("nobody: %v", err)
		}
		if _, err := db.User(t.Context(), iq.Globex, "4711"); !errors.Is(err, mapping.ErrNoUser) {
			t.Errorf("user of another tenant: %v", err)
		}
		if d, err := db.Details(t.Context(), iq.Globex, "4711", mapping.Softphones|mapping.Roles); err != nil || d.Softphones != nil || d.Roles != nil {
			t.Errorf("details of another tenant's user: %+v, %v", d, err)
		}
	})
}

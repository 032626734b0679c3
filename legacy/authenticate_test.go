package legacy_test

import (
	"errors"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

func TestAuthenticateKnownUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		schemes := map[string]bool{}
		for _, known := range iq.Known() {
			tenant := mapping.TenantKey(known.Tenant)
			if known.Password == "" {
				user, err := db.Authenticate(t.Context(), tenant, known.Login, "x")
				if !errors.Is(err, mapping.ErrWrongPassword) || user.ID != mapping.UserID(known.UserID) || !user.FederatedOnly {
					t.Errorf("%s has no password: %+v, %v", known.Login, user, err)
				}
				continue
			}
			schemes[known.Scheme] = true
			user, err := db.Authenticate(t.Context(), tenant, known.Login, known.Password)
			if err != nil || user.ID != mapping.UserID(known.UserID) || user.Active == known.Inactive {
				t.Errorf("%s (%s): %+v, %v", known.Login, known.Scheme, user, err)
			}
			user, err = db.Authenticate(t.Context(), tenant, known.Login, known.Password+"x")
			if !errors.Is(err, mapping.ErrWrongPassword) || user.ID != mapping.UserID(known.UserID) {
				t.Errorf("%s with a wrong password: %+v, %v", known.Login, user, err)
			}
		}
		if len(schemes) != 6 {
			t.Errorf("the known users have %d schemes, want 6", len(schemes))
		}
		if db.SlowestHash() <= 0 {
			t.Error("nothing was measured")
		}
	})
}

func TestAuthenticateRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, engine legacy.Engine) {
		db := legacytest.IQOn(t, engine)
		if _, err := db.Authenticate(t.Context(), iq.Acme, "lars", "agent-2005"); err != nil {
			t.Fatalf("the control is refused: %v", err)
		}
		for _, tt := range []struct {
			name, login string
			want        error
			also        error
		}{
			{"nobody", "zzz", mapping.ErrNoUser, nil},
			{"two users by case", "kari", mapping.ErrAmbiguous, nil},
			{"NULL status", "olav", nil, nil},
			{"no credential", "pia", mapping.ErrWrongPassword, nil},
			{"empty hash", "rolf", mapping.ErrWrongPassword, nil},
			{"locked hash", "siri", mapping.ErrWrongPassword, passhash.ErrUnknown},
			{"two current credentials", "tor", mapping.ErrAmbiguous, nil},
		} {
			t.Run(tt.name, func(t *testing.T) {
				user, err := db.Authenticate(t.Context(), iq.Acme, tt.login, "agent-2005")
				if !errors.Is(err, tt.want) || (tt.also != nil && !errors.Is(err, tt.also)) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if (user.ID != "") != (tt.want == nil || errors.Is(tt.want, mapping.ErrWrongPassword)) {
					t.Errorf("got user %q", user.ID)
				}
			})
		}
		if user, err := db.Authenticate(t.Context(), iq.Acme, "olav", "agent-2005"); err != nil || user.Active {
			t.Errorf("a user of NULL status is active: %+v, %v", user, err)
		}
	})
}

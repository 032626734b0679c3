package server_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/mapping"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// shadowed returns a running process that compares with a second sample, in which rows were changed, and
// what ends it.
func shadowed(t *testing.T, source legacy.Config) (s *server.Server, end func()) {
	t.Helper()
	s = openWith(t, time.Now, slog.DiscardHandler, func(c *server.Config) {
		c.Shadow = &server.ShadowConfig{Source: source, Compare: []shadow.Aspect{shadow.Names, shadow.Email, shadow.Roles, shadow.Groups, shadow.Softphones}}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	return s, func() { cancel(); <-done }
}

// compared waits until so many comparisons have come to an end.
func compared(t *testing.T, s *server.Server, outcomes string, n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		sum := 0
		for line := range strings.Lines(metrics(t, s)) {
			for outcome := range strings.SplitSeq(outcomes, " ") {
				if rest, ok := strings.CutPrefix(line, `patchbay_shadow_comparisons_total{outcome="`+outcome+`"} `); ok {
					sum += int(rest[0] - '0')
				}
			}
		}
		if sum >= n {
			return
		}
	}
	t.Fatalf("there were never %d of %s", n, outcomes)
}

// TestShadowSeesLogins: whoever logs in is compared, on both engines, and is told what the legacy database says.
func TestShadowSeesLogins(t *testing.T) {
	for _, engine := range []legacy.Engine{legacy.SQLite, legacy.MySQL} {
		t.Run(string(engine), func(t *testing.T) {
			source := legacytest.IQConfig(t, engine)
			for _, change := range []string{
				"UPDATE users SET CustomerID = 10020, Username = 'bo2' WHERE UserID = 4712",
				"UPDATE credentials SET PwHash = 'x', PwSalt = NULL, PwType = NULL WHERE UserID = 4713",
				"UPDATE users SET FirstName = 'Dagfinn' WHERE UserID = 4714",
				"UPDATE external_identities SET ExternalID = 'corp|somebody' WHERE UserID = 4712",
			} {
				legacytest.Exec(t, source, change)
			}
			s, end := shadowed(t, source)
			defer end()
			for end := time.Now().Add(20 * time.Second); !strings.Contains(metrics(t, s), "\npatchbay_shadow_open 1\n"); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the shadow is not opened")
				}
			}
			logIn := func(login, password string) {
				t.Helper()
				user, err := s.Engine.Directory.Authenticate(t.Context(), iq.Acme, login, password)
				want, wantErr := s.Directory.Authenticate(t.Context(), iq.Acme, login, password)
				if diff := cmp.Diff(want, user); diff != "" || (err == nil) != (wantErr == nil) {
					t.Errorf("%s: %v, %v\n%s", login, err, wantErr, diff)
				}
			}
			for _, login := range []string{"ana", "bo", "cleo", "dag"} {
				for _, u := range iq.Known() {
					if u.Login == login && u.Tenant == iq.Acme {
						logIn(u.Login, u.Password)
					}
				}
			}
			linked := mapping.Query{By: mapping.ByExternalID, Connection: "corp", Value: "corp|bo"}
			if users, err := s.Engine.Directory.Find(t.Context(), iq.Acme, linked); err != nil || len(users) != 1 {
				t.Fatalf("%v, %v", users, err)
			}
			compared(t, s, "agreed differed", 5)
			end()
			r, err := shadow.NewReport(t.Context(), s.Store, time.Now().Add(-time.Hour))
			if err != nil || len(r.Tenants) != 1 {
				t.Fatalf("%+v, %v", r, err)
			}
			got := map[shadow.Code][]mapping.UserID{}
			for _, f := range r.Tenants[0].Findings {
				got[f.Code] = append(got[f.Code], f.Samples...)
				if f.Users != len(f.Samples) || f.Meaning == "" || f.First.IsZero() {
					t.Errorf("%+v", f)
				}
			}
			want := map[shadow.Code][]mapping.UserID{
				shadow.UserMissing: {"4712", "4712"}, shadow.PasswordUnverifiable: {"4713"}, shadow.NamesDiffer: {"4714"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if of := r.Tenants[0]; of.Compared != 4 || of.Proven != 2 || of.Differing != 3 || of.Agreement != 25 || r.Worst() != shadow.Error {
				t.Errorf("%+v", of)
			}
		})
	}
}

// TestShadowThatIsNotThere: a process begins and serves without it.
func TestShadowThatIsNotThere(t *testing.T) {
	source := legacytest.IQConfig(t, legacy.SQLite)
	source.DSN = secret.New("/nowhere/new.db")
	s, end := shadowed(t, source)
	defer end()
	if user, err := s.Engine.Directory.Authenticate(t.Context(), iq.Acme, "ana", "demo-ana-4711"); err != nil || user.ID != "4711" {
		t.Errorf("%v, %v", user.ID, err)
	}
	compared(t, s, "unanswered", 1)
}

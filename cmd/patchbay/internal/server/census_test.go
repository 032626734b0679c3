package server_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
)

// TestCensusIsTakenAtItsTime: by a running server, and by none that was not asked for it.
func TestCensusIsTakenAtItsTime(t *testing.T) {
	at, day := 3*time.Hour, time.Date(2026, 11, 21, 3, 10, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		at   *time.Duration
		want int
	}{
		"control":   {&at, 1},
		"not asked": {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := openWith(t, func() time.Time { return day }, slog.DiscardHandler, func(c *server.Config) { c.CensusAt = test.at })
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); s.Run(ctx) }()
			defer func() { cancel(); <-done }()
			patience := 300 * time.Millisecond
			if test.want > 0 {
				patience = 20 * time.Second
			}
			taken := 0
			for end := time.Now().Add(patience); time.Now().Before(end) && taken < max(test.want, 1); time.Sleep(10 * time.Millisecond) {
				all, err := s.Store.Censuses(t.Context(), "2026-11-21", "2026-11-21")
				if err != nil {
					t.Fatal(err)
				}
				taken = len(all)
				if taken > 0 && all[0].Users() < 100 {
					t.Errorf("%d users were counted", all[0].Users())
				}
			}
			if taken != test.want {
				t.Errorf("%d censuses", taken)
			}
		})
	}
}

package legacy_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/legacytest"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
	"github.com/patchbay-auth/patchbay/mapping"
)

// When the queue for verifications is full, everybody is told so: users, strangers, and users whose
// password cannot be verified.
func TestAFullQueueTellsNobodyWhoExists(t *testing.T) {
	config := legacytest.IQConfig(t, legacy.SQLite)
	config.Hashing = passhash.PoolConfig{Workers: 1, Queue: 1}
	db := legacytest.Open(t, config)
	logins := []string{"ana", "nobody-of-this-name"}
	var mu sync.Mutex
	busy := map[string]int{}
	crowd := func() {
		var wg sync.WaitGroup
		for range 20 {
			for _, login := range logins {
				wg.Go(func() {
					_, err := db.Authenticate(t.Context(), "10010", login, "wrong")
					if errors.Is(err, mapping.ErrBusy) {
						mu.Lock()
						busy[login]++
						mu.Unlock()
					}
				})
			}
		}
		wg.Wait()
	}
	for range 10 { // who of a crowd meets the full queue is up to the scheduler
		if crowd(); busy[logins[0]] > 0 && busy[logins[1]] > 0 {
			break
		}
	}
	for _, login := range logins {
		if busy[login] == 0 {
			t.Errorf("%s was never told that we are busy", login)
		}
	}
	for _, login := range logins { // the control: alone, both get their answer
		if _, err := db.Authenticate(t.Context(), "10010", login, "wrong"); errors.Is(err, mapping.ErrBusy) {
			t.Errorf("%s, alone: %v", login, err)
		}
	}
}

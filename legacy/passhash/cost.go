package passhash

import (
	"slices"
	"sync"
	"time"
)

// costs remembers how long the latest verifications of each scheme took.
type costs struct {
	mu       sync.Mutex
	byScheme map[string]*window
}

// A window is a ring of the latest durations.
type window struct {
	took [128]time.Duration
	n    int // how many were ever added
}

func newCosts() *costs { return &costs{byScheme: map[string]*window{}} }

func (c *costs) add(scheme string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.byScheme[scheme]
	if w == nil {
		w = &window{}
		c.byScheme[scheme] = w
	}
	w.took[w.n%len(w.took)] = took
	w.n++
}

func (c *costs) slowest() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var slowest time.Duration
	for _, w := range c.byScheme {
		sorted := slices.Clone(w.took[:min(w.n, len(w.took))])
		slices.Sort(sorted)
		slowest = max(slowest, sorted[(len(sorted)*99-1)/100])
	}
	return slowest
}

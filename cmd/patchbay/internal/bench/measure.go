package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A task is one thing to measure.
type task struct {
	name   string
	budget budget
	// prepare makes what the next window uses up, and is not measured. It may be nil.
	prepare func(context.Context) error
	// start returns what one client does over and over on its connection. It ends early, without
	// an error, with errEnough.
	start func(client int, c *conn) func() error
	// target is the host and port that clients connect to.
	target string
	// beside runs while the window is measured, and ends with its context. It may be nil.
	beside func(context.Context) error
}

// errEnough ends a window early: what was prepared has been used up.
var errEnough = errors.New("used up")

// A window is what was seen in one stretch of time.
type window struct {
	done      int
	took      time.Duration
	cpu       time.Duration
	latencies []time.Duration
}

func (w window) rate() float64 { return float64(w.done) / w.took.Seconds() }

// run lets clients work on a task for a while.
func (t task) run(ctx context.Context, clients int, length time.Duration) (w window, err error) {
	conns := make([]*conn, clients)
	defer func() {
		for _, c := range conns {
			if c != nil {
				err = errors.Join(err, c.Close())
			}
		}
	}()
	for i := range conns {
		if conns[i], err = dial(ctx, t.target); err != nil {
			return window{}, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	aside := make(chan error, 1)
	if t.beside != nil {
		go func() { aside <- t.beside(ctx) }()
	} else {
		aside <- nil
	}

	windows, errs := make([]window, clients), make([]error, clients)
	var wg sync.WaitGroup
	begun, cpu := time.Now(), cpuTime()
	for i, c := range conns {
		do := t.start(i, c)
		wg.Go(func() { windows[i], errs[i] = repeat(ctx, do, begun.Add(length)) })
	}
	wg.Wait()
	w.took, w.cpu = time.Since(begun), cpuTime()-cpu
	cancel()
	if err := errors.Join(append(errs, <-aside)...); err != nil {
		return window{}, fmt.Errorf("%s: %w", t.name, err)
	}
	for _, one := range windows {
		w.done += one.done
		w.latencies = append(w.latencies, one.latencies...)
	}
	slices.Sort(w.latencies)
	return w, nil
}

func repeat(ctx context.Context, do func() error, until time.Time) (w window, err error) {
	for now := time.Now(); now.Before(until) && ctx.Err() == nil; {
		err := do()
		if errors.Is(err, errEnough) {
			return w, nil
		}
		if err != nil {
			return w, err
		}
		then := now
		now = time.Now()
		w.done++
		w.latencies = append(w.latencies, now.Sub(then))
	}
	return w, nil
}

// quantile of sorted values.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

package provider

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestDeadline: whatever context.WithTimeout does for those who wait, a deadline does.
func TestDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		parent func(context.Context) context.Context
		in     time.Duration
		end    bool
		want   error
	}{
		"passes":           {in: time.Millisecond, want: context.DeadlineExceeded},
		"has passed":       {in: -time.Second, want: context.DeadlineExceeded},
		"is ended":         {in: time.Hour, end: true, want: context.Canceled},
		"the parent's end": {in: time.Hour, want: context.Canceled, parent: cancelled},
		"the parent's deadline": {in: time.Hour, want: context.DeadlineExceeded, parent: func(ctx context.Context) context.Context {
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			context.AfterFunc(ctx, cancel)
			return ctx
		}},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.Context()
			if test.parent != nil {
				parent = test.parent(parent)
			}
			d := withDeadline(parent, test.in)
			child, cancel := context.WithCancel(d)
			defer cancel()
			if test.end {
				d.end()
			}
			select {
			case <-child.Done():
			case <-time.After(10 * time.Second):
				t.Fatal("nothing happened")
			}
			if err := d.Err(); !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
		})
	}
}

func cancelled(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func TestDeadlineIsKnownBeforehand(t *testing.T) {
	d := withDeadline(t.Context(), time.Minute)
	defer d.end()
	at, ok := d.Deadline()
	if left := time.Until(at); !ok || left <= 0 || left > time.Minute {
		t.Errorf("%s are left, %v", left, ok)
	}
	if d.Err() != nil {
		t.Errorf("it has ended already: %v", d.Err())
	}
}

func TestDeadlineThatNobodyWaitsForEnds(t *testing.T) {
	d := withDeadline(t.Context(), time.Hour)
	d.end()
	if !errors.Is(d.Err(), context.Canceled) {
		t.Errorf("error is %v", d.Err())
	}
	d.end() // again does no harm
}

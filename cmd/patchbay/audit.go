package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/id"
)

func auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Read the audit log"}
	c.AddCommand(auditTailCommand())
	return c
}

func auditTailCommand() *cobra.Command {
	since := period(time.Hour)
	var follow, asJSON bool
	c := &cobra.Command{
		Use:   "tail",
		Short: "Print the newest events, oldest first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				t := tail{store: s.Store, after: since.ago(time.Now()), seen: map[id.ID]time.Time{}, print: eventPrinter(c, asJSON)}
				for {
					if err := t.read(ctx); err != nil || !follow {
						return err
					}
					select {
					case <-ctx.Done():
						return nil
					case <-time.After(time.Second):
					}
				}
			})
		},
	}
	f := c.Flags()
	f.Var(&since, "since", "how far to look back")
	f.BoolVarP(&follow, "follow", "F", false, "go on as events arrive")
	f.BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// tailOverlap is how late an event may be written: tokens issued wait up to a second in a queue, and
// transactions are cut at five.
const tailOverlap = 10 * time.Second

// A tail reads the log in pieces, each event once.
type tail struct {
	store broker.EventStore
	after time.Time
	seen  map[id.ID]time.Time
	print func(broker.Event) error
}

func (t *tail) read(ctx context.Context) error {
	const piece = 500
	from := t.after
	for {
		events, err := t.store.Events(ctx, from, piece)
		if err != nil {
			return err
		}
		for _, e := range events {
			from = e.At
			if _, done := t.seen[e.ID]; done {
				continue
			}
			t.seen[e.ID] = e.At
			if err := t.print(e); err != nil {
				return err
			}
		}
		if len(events) < piece {
			break
		}
	}
	if later := from.Add(-tailOverlap); later.After(t.after) {
		t.after = later
	}
	maps.DeleteFunc(t.seen, func(_ id.ID, at time.Time) bool { return at.Before(t.after) })
	return nil
}

// auditTime is RFC 3339 with as many digits in every line, so that lines can be compared by eye.
const auditTime = "2006-01-02T15:04:05.000000Z07:00"

func eventPrinter(c *cobra.Command, asJSON bool) func(broker.Event) error {
	if asJSON {
		encoder := json.NewEncoder(c.OutOrStdout())
		return func(e broker.Event) error { return encoder.Encode(eventLine(e)) }
	}
	return func(e broker.Event) error {
		line := eventLine(e)
		delete(line, "at")
		delete(line, "kind")
		var facts []string
		for _, name := range slices.Sorted(maps.Keys(line)) {
			facts = append(facts, fmt.Sprintf("%s=%q", name, line[name]))
		}
		_, err := fmt.Fprintf(c.OutOrStdout(), "%s %-22s %s\n", e.At.UTC().Format(auditTime), e.Kind, strings.Join(facts, " "))
		return err
	}
}

// eventLine is an event as one flat object, without what is empty.
func eventLine(e broker.Event) map[string]string {
	line := map[string]string{}
	for name, value := range e.Detail {
		line[name] = value
	}
	for name, value := range map[string]string{
		"at": e.At.UTC().Format(time.RFC3339Nano), "kind": string(e.Kind), "account": string(e.Account),
		"client_id": e.ClientID, "user_id": string(e.UserID), "login_id": e.LoginID.String(),
		"actor": e.Actor, "reason": e.Reason, "address": e.Address,
	} {
		line[name] = value
	}
	maps.DeleteFunc(line, func(_, value string) bool { return value == "" })
	return line
}

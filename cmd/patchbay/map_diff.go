package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/legacy"
)

func mapDiffCommand() *cobra.Command {
	var rules string
	var asJSON bool
	since := period(30 * 24 * time.Hour)
	c := &cobra.Command{
		Use: "diff ACCOUNT/CONNECTION --rules FILE [--since 30d]", Short: "Replay recorded logins by other rules, and tell for whom they change something",
		Long: `Takes the newest recorded login of everybody who came through the connection, asks the rules that apply now and
those of the file, both on the database of today, and lists who would be another user, be refused, or get in. A login
holds the claims only that the rules of its time named, or trace_claims asked for: of whom the record lacks what the
new rules need, nobody can tell, and it says so. What the connection demands beside its rules (acr_values and the like)
is the same for both; the last lines count whom it would refuse today, and of whom the records do not tell. Only reads.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withTrial(c, args[0], func(ctx context.Context, s *server.State, _ *legacy.DB, t broker.Trial) error {
				other, err := rulesFrom(t.Connection, rules)
				if err != nil {
					return err
				}
				from := since.ago(time.Now())
				replay, err := t.Compare(ctx, s.Store, from, other)
				if err != nil {
					return err
				}
				return tellReplay(c.OutOrStdout(), replay, from, asJSON)
			})
		},
	}
	c.Flags().StringVar(&rules, "rules", "", "YAML `file` with the rules to try, below the key mapping")
	c.Flags().Var(&since, "since", "how far to look back")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	if err := c.MarkFlagRequired("rules"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

type verdictJSON struct {
	UserID  string `json:"user_id,omitempty"`
	Creates string `json:"creates,omitempty"`
	Refused string `json:"refused,omitempty"`
	Rule    string `json:"rule,omitempty"`
}

type differenceJSON struct {
	ExternalID string       `json:"external_id"`
	LoginID    id.ID        `json:"login_id"`
	At         time.Time    `json:"at"`
	Change     string       `json:"change"`
	Old        verdictJSON  `json:"old"`
	New        *verdictJSON `json:"new,omitempty"`
	Missing    []string     `json:"missing_claims,omitempty"`
}

type replayJSON struct {
	Since     time.Time         `json:"since"`
	Logins    int               `json:"logins"`
	People    int               `json:"people"`
	Unchanged int               `json:"unchanged"`
	Changes   map[string]int    `json:"changes"`
	Demanded  []broker.Demanded `json:"demands,omitempty"`
	List      []differenceJSON  `json:"differences"`
}

// The kinds of change, in words.
const (
	changeRefused  = "refused"
	changeAdmitted = "admitted"
	changeOther    = "another user"
	changeReason   = "another reason"
	changeUnknown  = "cannot tell"
)

func changeOf(d broker.Difference) string {
	switch {
	case len(d.Missing) > 0:
		return changeUnknown
	case d.Old.Refused != "" && d.New.Refused != "":
		return changeReason
	case d.New.Refused != "":
		return changeRefused
	case d.Old.Refused != "":
		return changeAdmitted
	}
	return changeOther
}

func tellReplay(out io.Writer, r broker.Replay, since time.Time, asJSON bool) error {
	told := replayJSON{
		Since: since.UTC(), Logins: r.Logins, People: r.People, Unchanged: r.Unchanged, Changes: map[string]int{}, Demanded: r.Demanded, List: []differenceJSON{},
	}
	var b strings.Builder
	for _, d := range r.Differences {
		change := changeOf(d)
		told.Changes[change]++
		line := differenceJSON{ExternalID: d.Login.Subject, LoginID: d.Login.ID, At: d.Login.At.UTC(), Change: change, Old: verdictLine(d.Old), Missing: d.Missing}
		now := "needs " + strings.Join(d.Missing, ", ")
		if len(d.Missing) == 0 {
			verdict := verdictLine(d.New)
			line.New, now = &verdict, verdict.String()
		}
		told.List = append(told.List, line)
		fmt.Fprintf(&b, "%-14s  %-32s  %s -> %s  (login %s)\n", change, printable(d.Login.Subject), line.Old, now, d.Login.ID)
	}
	if asJSON {
		return json.NewEncoder(out).Encode(told)
	}
	fmt.Fprintf(&b, "%d people in %d logins since %s: %d unchanged", r.People, r.Logins, since.UTC().Format(time.DateOnly), r.Unchanged)
	for _, change := range []string{changeOther, changeRefused, changeAdmitted, changeReason, changeUnknown} {
		if n := told.Changes[change]; n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, change)
		}
	}
	b.WriteString("\n")
	for _, d := range r.Demanded {
		fmt.Fprintf(&b, "%s: %d people fall short of it by their records, of %d those do not tell\n", d.Key, d.Unmet, d.Unknown)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func verdictLine(v broker.Verdict) verdictJSON {
	return verdictJSON{string(v.UserID), v.Creates, v.Refused, v.Rule}
}

func (v verdictJSON) String() string {
	switch {
	case v.Refused != "":
		return "refused " + v.Refused
	case v.Creates != "":
		return "creates " + printable(v.Creates)
	}
	return "user " + v.UserID
}

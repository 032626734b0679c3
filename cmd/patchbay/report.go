package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
)

func reportCommand() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Tell how things have gone"}
	c.AddCommand(reportMigrationCommand())
	return c
}

func reportMigrationCommand() *cobra.Command {
	var months int
	var asJSON bool
	c := &cobra.Command{
		Use: "migration", Short: "Count who logs in by password and who by single sign-on, by tenant and month",
		Long: `Counts the users with successful logins in every calendar month (UTC), as far as logins are kept: those who came
with a password only, by single sign-on only, and in both ways. Which password hashes are left in the legacy database
is told by 'patchbay check'.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if months < 1 || months > maxMonths {
				return fmt.Errorf("--months %d is not between 1 and %d", months, maxMonths)
			}
			return withState(c, func(ctx context.Context, s *server.State) error {
				lines, err := migrationLines(ctx, s.Store, time.Now().UTC(), months)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(c.OutOrStdout()).Encode(lines)
				}
				return printMigration(c.OutOrStdout(), lines)
			})
		},
	}
	c.Flags().IntVar(&months, "months", 6, "how many months to count, this one included")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

const maxMonths = 120

// migrationLine is one tenant's month. The users are different people, the logins are not.
type migrationLine struct {
	Account  string `json:"account"`
	Month    string `json:"month"`
	Password int    `json:"password_only_users"`
	SSO      int    `json:"sso_only_users"`
	Both     int    `json:"both_users"`
	Logins   int    `json:"logins"`
}

// migrationLines lists the oldest month first, and tenants by account inside.
func migrationLines(ctx context.Context, history broker.LoginHistory, now time.Time, months int) ([]migrationLine, error) {
	lines := []migrationLine{}
	this := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for i := months - 1; i >= 0; i-- {
		from := this.AddDate(0, -i, 0)
		tallies, err := history.TallyLogins(ctx, from, from.AddDate(0, 1, 0))
		if err != nil {
			return nil, err
		}
		for n, t := range tallies {
			if n == 0 || tallies[n-1].Account != t.Account {
				lines = append(lines, migrationLine{Account: string(t.Account), Month: from.Format("2006-01")})
			}
			line := &lines[len(lines)-1]
			line.Logins += t.Logins
			switch {
			case t.Password && t.SSO:
				line.Both = t.Users
			case t.Password:
				line.Password = t.Users
			default:
				line.SSO = t.Users
			}
		}
	}
	return lines, nil
}

func printMigration(out io.Writer, lines []migrationLine) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(w, "month\ttenant\tusers\tby SSO only\tboth\tby password only\tSSO\tlogins\t\n")
	for _, l := range lines {
		users := l.Password + l.SSO + l.Both
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d %%\t%d\t\n", l.Month, l.Account, users, l.SSO, l.Both, l.Password, (l.SSO+l.Both)*100/max(users, 1), l.Logins)
	}
	return w.Flush()
}

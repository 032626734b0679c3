package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/legacy"
)

// migration is what is known about how far a migration has come.
type migration struct {
	Logins  []monthLine  `json:"logins"`
	Schemes []schemeLine `json:"schemes"`
	since   time.Time
}

func reportMigrationCommand() *cobra.Command {
	var months int
	var asJSON, count bool
	var table string
	c := &cobra.Command{
		Use: "migration", Short: "Count who logs in by password and who by single sign-on, and which password hashes are left",
		Long: `Counts the users with successful logins in every calendar month (UTC), as far as logins are kept: those who came
with a password only, by single sign-on only, and in both ways. Beside it stands by which schemes the legacy database
stored its passwords, as counted by --count, or every day where legacy.census_at says so: of every month the last
count, and how many are let in with such a password.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if months < 1 || months > maxMonths {
				return fmt.Errorf("--months %d is not between 1 and %d", months, maxMonths)
			}
			if table != "" && table != csvLogins && table != csvSchemes {
				return fmt.Errorf("--csv %q is neither %s nor %s", table, csvLogins, csvSchemes)
			}
			return withState(c, func(ctx context.Context, s *server.State) error {
				if count {
					if err := countSchemes(c, s); err != nil {
						return err
					}
				}
				m, err := migrationOf(ctx, s, time.Now().UTC(), months)
				switch {
				case err != nil:
					return err
				case asJSON:
					return json.NewEncoder(c.OutOrStdout()).Encode(m)
				case table != "":
					return writeCSV(c.OutOrStdout(), m, table)
				}
				return printMigration(c.OutOrStdout(), m)
			})
		},
	}
	c.Flags().IntVar(&months, "months", 6, "how many months to tell of, this one included")
	c.Flags().BoolVar(&count, "count", false, "count the password schemes of today first, unless that was done; reads everybody in the legacy database, with pauses")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the schemes of every day that was counted")
	c.Flags().StringVar(&table, "csv", "", "print one of the tables as CSV: logins, or the schemes of every day that was counted")
	c.MarkFlagsMutuallyExclusive("json", "csv")
	return c
}

const (
	maxMonths = 120

	csvLogins  = "logins"
	csvSchemes = "schemes"
)

func migrationOf(ctx context.Context, s *server.State, now time.Time, months int) (m migration, err error) {
	m.since = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 1-months, 0)
	if m.Logins, err = monthLines(ctx, s.Store, m.since, months); err != nil {
		return m, err
	}
	counted, err := s.Store.Censuses(ctx, census.DayOf(m.since), census.DayOf(now))
	m.Schemes = schemeLines(counted, s.AccountsByTenant())
	return m, err
}

// countSchemes takes today's census, if nobody has.
func countSchemes(c *cobra.Command, s *server.State) (err error) {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	source, err := legacyConfig(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	// A page of a scan is more than what a login waits for.
	source.ReadOnly, source.Rehash, source.StatementTimeout = true, "", 20*time.Second
	db, err := legacy.Open(c.Context(), source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = census.New(census.Taker{Source: db, Store: s.Store, Tenants: s.LegacyTenants}).Take(c.Context())
	if errors.Is(err, census.ErrDone) {
		_, err = fmt.Fprintln(c.ErrOrStderr(), "today was counted before; a day is counted once")
	}
	return err
}

// monthLine is one tenant's month. The users are different people, the logins are not.
type monthLine struct {
	Account  string `json:"account"`
	Month    string `json:"month"`
	Password int    `json:"password_only_users"`
	SSO      int    `json:"sso_only_users"`
	Both     int    `json:"both_users"`
	Logins   int    `json:"logins"`
}

func (l monthLine) users() int { return l.Password + l.SSO + l.Both }

// monthLines lists the oldest month first, and tenants by account inside.
func monthLines(ctx context.Context, history broker.LoginHistory, since time.Time, months int) ([]monthLine, error) {
	lines := []monthLine{}
	for i := range months {
		from := since.AddDate(0, i, 0)
		tallies, err := history.TallyLogins(ctx, from, from.AddDate(0, 1, 0))
		if err != nil {
			return nil, err
		}
		for n, t := range tallies {
			if n == 0 || tallies[n-1].Account != t.Account {
				lines = append(lines, monthLine{Account: string(t.Account), Month: from.Format("2006-01")})
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

func printMigration(out io.Writer, m migration) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(w, "month\ttenant\tusers\tby SSO only\tboth\tby password only\tSSO\tlogins\t\n")
	for _, l := range m.Logins {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d %%\t%d\t\n", l.Month, l.Account, l.users(), l.SSO, l.Both, l.Password, (l.SSO+l.Both)*100/max(l.users(), 1), l.Logins)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(m.Logins) == 0 {
		_, _ = fmt.Fprintf(out, "Nobody has logged in since %s.\n", m.since.Format(time.DateOnly))
	}
	_, _ = fmt.Fprintln(out)
	return printSchemes(out, m.Schemes)
}

func writeCSV(out io.Writer, m migration, table string) error {
	w := csv.NewWriter(out)
	if table == csvLogins {
		_ = w.Write([]string{"month", "account", "password_only_users", "sso_only_users", "both_users", "logins"})
		for _, l := range m.Logins {
			_ = w.Write([]string{l.Month, l.Account, fmt.Sprint(l.Password), fmt.Sprint(l.SSO), fmt.Sprint(l.Both), fmt.Sprint(l.Logins)})
		}
	} else {
		_ = w.Write([]string{"day", "account", "tenant", "scheme", "users", "able"})
		for _, l := range m.Schemes {
			_ = w.Write([]string{l.Day, l.Account, l.Tenant, l.Scheme, fmt.Sprint(l.Users), fmt.Sprint(l.Able)})
		}
	}
	w.Flush()
	return w.Error() // of the first write that failed
}

package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/bench"
)

func benchCommand() *cobra.Command {
	var o bench.Options
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine: rates beside a bare hello, and SQL statements per operation",
		Long: `Starts a patchbay on loopback, fills it, and measures its hot paths beside a bare net/http
server in the same process. What it makes in SQLite files it removes again; a MySQL or MariaDB database
given with --state must be empty, and is left filled.

The numbers are of servers and clients that share this machine's CPUs. Compare the ratios, not the rates.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return bench.Run(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.State, "state", "", "`dsn` of an empty database, such as mysql:user:password@tcp(host)/bench (default SQLite files)")
	f.IntVar(&o.Users, "users", 10_000, "users to add to the legacy sample")
	f.IntVar(&o.Families, "families", 10_000, "refresh families to open beforehand")
	f.IntVar(&o.Tokens, "tokens", 10_000, "access tokens that are alive at once")
	f.IntVar(&o.Clients, "clients", 16, "clients that ask at the same time")
	f.IntVar(&o.Rounds, "rounds", 9, "rounds to take the medians of")
	f.DurationVar(&o.Window, "window", 500*time.Millisecond, "how long a round measures one thing")
	f.StringVar(&o.Only, "only", "", "regular `expression` of the tasks to run")
	f.BoolVar(&o.JSON, "json", false, "print the report as JSON")
	return c
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/demo"
)

func demoCommand() *cobra.Command {
	var o demo.Options
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run patchbay with a sample database, an identity provider, an application and a switch",
		Long: `Runs everything in this process, on loopback, with nothing installed and nothing kept.
It prints what to open and who to log in as.

With --tour it walks every flow by itself, one line each with its time, and exits 0 or 1.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return demo.Run(c.Context(), o, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.Listen, "listen", "", "loopback `address` to listen on (default 127.0.0.1:8080, or a free port when that is taken)")
	f.StringVar(&o.Data, "data", "", "`directory` to keep state in between runs")
	f.StringArrayVar(&o.Apply, "apply", nil, "tenant `file` to apply as well (repeatable)")
	f.BoolVar(&o.JSON, "json", false, "print the facts as one JSON object on the first line")
	f.BoolVar(&o.Tour, "tour", false, "walk every flow, then exit")
	return c
}

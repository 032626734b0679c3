package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/federation"
)

func connectionCommand() *cobra.Command {
	c := &cobra.Command{Use: "connection", Short: "See and test the connections to identity providers"}
	c.AddCommand(connectionListCommand(), connectionTestCommand(), connectionCertificateCommand(), connectionRotateCommand())
	return c
}

func connectionListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list [ACCOUNT]", Short: "List connections and the addresses to enter at their identity providers", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := loadConfig(c)
			if err != nil {
				return err
			}
			return withState(c, func(_ context.Context, s *server.State) error {
				snapshot, found := s.Registry.Snapshot(), false
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
				for _, t := range snapshot.Tenants() {
					if len(args) == 1 && string(t.Account) != args[0] {
						continue
					}
					found = true
					for _, one := range snapshot.Connections(t.Account) {
						state := "enabled"
						if !one.Enabled {
							state = "disabled"
						}
						_, _ = fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\n", one.Account, one.ID, one.Type, state, strings.Join(server.EnteredThere(cfg.PublicURL, one), " "))
					}
				}
				if len(args) == 1 && !found {
					return fmt.Errorf("account %q does not exist", args[0])
				}
				return w.Flush()
			})
		},
	}
}

// testPatience bounds the test of a connection, which asks the identity provider up to ten times.
const testPatience = time.Minute

func connectionTestCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "test ACCOUNT/CONNECTION", Short: "Ask an identity provider what can be asked without a person, and tell what to repair",
		Long: `Fetches the identity provider's metadata and keys, compares clocks, looks at certificates, and sends a login
request that must not show a page; at an OpenID Provider, also the client's credentials with a code that does not
exist, once right and once wrong. A SAML identity provider that shows a page nevertheless is asked twice more, in the
name of somebody whom it cannot know and with a signature that is wrong, to tell what the page means: its log will
have that. Nobody is logged in. Says what to repair, and at which side. The exit status is 1
when something keeps people from logging in.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, name, ok := strings.Cut(args[0], "/")
			if !ok {
				return fmt.Errorf("%q is not of the form ACCOUNT/CONNECTION, such as acme/corp", args[0])
			}
			cfg, err := loadConfig(c)
			if err != nil {
				return err
			}
			return withState(c, func(ctx context.Context, s *server.State) error {
				connection, ok := s.Registry.Snapshot().Connection(registry.Account(account), name)
				if !ok {
					return fmt.Errorf("connection %s does not exist", args[0])
				}
				ctx, cancel := context.WithTimeout(ctx, testPatience)
				defer cancel()
				findings, err := s.Examine(ctx, connection, cfg.PublicURL, time.Now)
				if err != nil {
					return err
				}
				if !connection.Enabled {
					findings.Warn("enabled", federation.Here, "Set enabled: true in the tenant file.", "the connection is disabled: nobody is sent there")
				}
				return tell(c.OutOrStdout(), findings, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// errUnfit is the answer to whether people can log in.
var errUnfit = errors.New("people cannot log in through this connection")

func tell(out io.Writer, findings federation.Findings, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(findings); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			if _, err := fmt.Fprintf(out, "%-8s %s\n", f.Grade, f.Message); err != nil {
				return err
			}
			if f.Fix == "" {
				continue
			}
			if _, err := fmt.Fprintf(out, "         at %s: %s\n", side(f.Side), f.Fix); err != nil {
				return err
			}
		}
	}
	if findings.Failed() {
		return errUnfit
	}
	return nil
}

func side(s federation.Side) string {
	if s == federation.There {
		return "the " + string(s)
	}
	return string(s)
}

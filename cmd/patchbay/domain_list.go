package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
)

func domainListCommand() *cobra.Command {
	var account string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list [--account ACCOUNT]",
		Short: "List the domains that tenants claim, with the record that proves each",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				if _, ok := s.Registry.Snapshot().Tenant(registry.Account(account)); account != "" && !ok {
					return fmt.Errorf("--account %q: there is no such tenant", account)
				}
				lines, err := domainLines(ctx, s, registry.Account(account))
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(c.OutOrStdout()).Encode(lines)
				}
				return printDomains(c.OutOrStdout(), lines)
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "only this tenant's")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// domainLine is one claim. State is claimed, proven, missing, silent or approved.
type domainLine struct {
	Domain  string    `json:"domain"`
	Account string    `json:"account"`
	State   string    `json:"state"`
	Since   time.Time `json:"since,omitzero"`
	By      string    `json:"by,omitempty"`
	Checked time.Time `json:"checked,omitzero"`
	Record  string    `json:"record"`
	Value   string    `json:"value"`
}

func domainLines(ctx context.Context, s *server.State, account registry.Account) ([]domainLine, error) {
	lines := []domainLine{}
	for _, t := range s.Registry.Snapshot().Tenants() {
		if account != "" && account != t.Account {
			continue
		}
		for _, d := range t.Domains {
			record, err := s.Domains.Record(ctx, t.Account, d.Name)
			if err != nil {
				return nil, err
			}
			line := domainLine{
				Domain: d.Name, Account: string(t.Account), State: "claimed", Since: d.Proof.At.UTC(), By: d.Proof.By,
				Checked: d.Proof.CheckedAt.UTC(), Record: record.Name, Value: record.Value,
			}
			switch {
			case d.Proof.Method == registry.ProofApproval:
				line.State = "approved"
			case !d.Proof.MissingSince.IsZero():
				line.State, line.Since = "missing", d.Proof.MissingSince.UTC()
			case !d.Proof.SilentSince.IsZero():
				line.State, line.Since = "silent", d.Proof.SilentSince.UTC()
			case d.Verified():
				line.State = "proven"
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func printDomains(out io.Writer, lines []domainLine) error {
	for _, l := range lines {
		since := "-"
		if !l.Since.IsZero() {
			since = l.Since.Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(out, "%-24s %-12s %-9s %-20s %s TXT %q\n", l.Domain, l.Account, l.State, since, l.Record, l.Value); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

func applyCommand() *cobra.Command {
	var files []string
	var prune, dryRun bool
	c := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make tenants, clients and connections what a tenant file says",
		Long: `Creates and changes what the file names and leaves the rest alone. Running servers notice
within a second. Applying a file approves every power that it gives a client, but not the e-mail domains
that it claims: see patchbay domain. A file that says platform: true holds the clients that serve all tenants.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				o := server.ApplyOptions{Prune: prune, DryRun: dryRun, By: actor(), At: time.Now()}
				return applyFiles(ctx, c, s, files, o)
			})
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&files, "file", "f", nil, "tenant `file` (repeatable)")
	f.BoolVar(&prune, "prune", false, "remove the tenant's clients and connections that the file does not name")
	f.BoolVar(&dryRun, "dry-run", false, "print the difference and change nothing")
	if err := c.MarkFlagRequired("file"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// applyFiles reads every file before it applies the first, so that a fault in one stops all.
func applyFiles(ctx context.Context, c *cobra.Command, s *server.State, names []string, o server.ApplyOptions) error {
	var tenants []registry.TenantFile
	var faults []error
	for _, name := range names {
		text, err := os.ReadFile(name) //nolint:gosec // the operator names the file
		if err != nil {
			faults = append(faults, err)
			continue
		}
		tenant, err := registry.ParseTenantFile(name, text, yamlfault.Process(filepath.Dir(name)))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		tenants = append(tenants, tenant)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for _, tenant := range tenants {
		diff, err := s.Apply(ctx, tenant, o)
		if err != nil {
			return err
		}
		if err := printDiff(c, nameOf(tenant), diff, o.DryRun); err != nil {
			return err
		}
		if err := warnOfClaims(c, s.Registry.Snapshot(), tenant.Tenant); err != nil {
			return err
		}
		if err := warnOfRules(c, tenant); err != nil {
			return err
		}
	}
	return nil
}

// warnOfClaims names the domains of a file that count for nothing yet.
func warnOfClaims(c *cobra.Command, s *registry.Snapshot, claimed registry.Tenant) error {
	known, ok := s.Tenant(claimed.Account)
	for _, d := range claimed.Domains {
		if ok && known.Owns(d.Name) {
			continue
		}
		_, err := fmt.Fprintf(c.ErrOrStderr(), "patchbay: warning: %s: domain %s is only claimed: it leads nobody to a connection and "+
			"satisfies no rule. Publish the record that 'patchbay domain list' shows and run 'patchbay domain verify %s', or "+
			"vouch for it with 'patchbay domain approve %s'\n", claimed.Account, d.Name, d.Name, d.Name)
		if err != nil {
			return err
		}
	}
	return nil
}

// warnOfRules names the claims of a file's rules that may as well be typing errors.
func warnOfRules(c *cobra.Command, file registry.TenantFile) error {
	for id, rules := range file.Rules() {
		unchecked := rules.Unchecked()
		if len(unchecked) == 0 {
			continue
		}
		_, err := fmt.Fprintf(c.ErrOrStderr(), "patchbay: warning: %s: connection %s has no claims: nothing tells whether the names in its "+
			"rules are right: %s\n", file.Tenant.Account, id, strings.Join(unchecked, ", "))
		if err != nil {
			return err
		}
	}
	return nil
}

func nameOf(file registry.TenantFile) string {
	if file.Platform() {
		return "platform"
	}
	return string(file.Tenant.Account)
}

func printDiff(c *cobra.Command, name string, diff []registry.DiffLine, dryRun bool) error {
	verdict := "applied"
	switch {
	case len(diff) == 0:
		verdict = "unchanged"
	case dryRun:
		verdict = "would change"
	}
	if _, err := fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", name, verdict); err != nil {
		return err
	}
	for _, line := range diff {
		if _, err := fmt.Fprintln(c.OutOrStdout(), line); err != nil {
			return err
		}
	}
	return nil
}

// actor names who runs the command, for the audit log.
func actor() string {
	if u, err := user.Current(); err == nil {
		return "cli:" + u.Username
	}
	return "cli"
}

func exportCommand() *cobra.Command {
	var platform bool
	c := &cobra.Command{
		Use:   "export ACCOUNT",
		Short: "Print a tenant, or the platform's clients, as a file that apply takes",
		Long:  "Client secrets are printed as hashes, secrets of connections sealed: apply takes both back.",
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) == 1) == platform || len(args) > 1 {
				return errors.New("name one account, or say --platform")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return withState(c, func(_ context.Context, s *server.State) error {
				text, err := export(s.Registry.Snapshot(), args)
				if err != nil {
					return err
				}
				_, err = c.OutOrStdout().Write(text)
				return err
			})
		},
	}
	c.Flags().BoolVar(&platform, "platform", false, "print the clients that serve all tenants")
	return c
}

// export prints the platform's clients unless an account is named.
func export(s *registry.Snapshot, account []string) ([]byte, error) {
	if len(account) == 0 {
		return s.ExportPlatform()
	}
	return s.Export(registry.Account(account[0]))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/domain"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
)

func domainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "domain",
		Short: "See, prove, approve and revoke the e-mail domains of tenants",
		Long: `A tenant file only claims its domains. A claim leads nobody to an identity provider and satisfies
no mapping rule until the tenant has published a TXT record (verify), or you vouch for it (approve).`,
	}
	c.AddCommand(
		domainListCommand(),
		domainAction("verify", "Look for the TXT record that proves a domain",
			`Servers look for it again every day. When it has been gone for 72 hours the domain is a mere claim again.`,
			func(ctx context.Context, p *domain.Prover, t *registry.Tenant, name string) error {
				return p.Verify(ctx, t, name, actor())
			}),
		domainAction("approve", "Vouch for a tenant's claim to a domain",
			`Approve what you know: whoever holds a domain decides where its people log in. Nobody checks an approval again.`,
			func(ctx context.Context, p *domain.Prover, t *registry.Tenant, name string) error {
				return p.Approve(ctx, t, name, actor())
			}),
		domainAction("revoke", "Make a proven or approved domain a mere claim again",
			`Servers notice within a second. A connection that enforces single sign-on for the domain goes on refusing
passwords.`,
			func(ctx context.Context, p *domain.Prover, t *registry.Tenant, name string) error {
				return p.Store.RevokeDomain(ctx, registry.ProvenDomain{
					Name: name, Account: t.Account, Proof: registry.Proof{By: actor(), At: time.Now()},
				})
			}),
	)
	return c
}

// domainAction is a command that does one thing to one claim.
func domainAction(name, short, long string, do func(context.Context, *domain.Prover, *registry.Tenant, string) error) *cobra.Command {
	var account string
	c := &cobra.Command{
		Use: name + " DOMAIN", Short: short, Long: long, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				tenant, err := claimant(s.Registry.Snapshot(), registry.Account(account), args[0])
				if err != nil {
					return err
				}
				if err := do(ctx, s.Domains, tenant, args[0]); err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s of %s: %s\n", args[0], tenant.Account, map[string]string{
					"verify": "verified", "approve": "approved", "revoke": "revoked",
				}[name])
				return err
			})
		},
	}
	c.Flags().StringVar(&account, "account", "", "the tenant, where several claim the domain")
	return c
}

// claimant finds the tenant that claims a domain; account decides between several.
func claimant(s *registry.Snapshot, account registry.Account, name string) (*registry.Tenant, error) {
	var found []*registry.Tenant
	for _, t := range s.Tenants() {
		if t.Claims(name) && (account == "" || account == t.Account) {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("domain %q: %d tenants claim it: name one with --account", name, len(found))
	case account != "":
		return nil, fmt.Errorf("domain %q is not among the domains of tenant %q", name, account)
	}
	return nil, errors.New("no tenant claims domain " + name + ": name it under domains in a tenant file, in lower case")
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
)

func mapCommand() *cobra.Command {
	c := &cobra.Command{Use: "map", Short: "Try mapping rules without a login"}
	c.AddCommand(mapTryCommand(), mapDiffCommand())
	return c
}

// withTrial runs a command on a connection, ACCOUNT/CONNECTION, with its tenant and both databases.
func withTrial(c *cobra.Command, name string, run func(context.Context, *server.State, *legacy.DB, broker.Trial) error) error {
	account, id, ok := strings.Cut(name, "/")
	if !ok {
		return fmt.Errorf("%q is not of the form ACCOUNT/CONNECTION, such as acme/corp", name)
	}
	return withState(c, func(ctx context.Context, s *server.State) (err error) {
		tenant, _ := s.Registry.Snapshot().Tenant(registry.Account(account))
		connection, ok := s.Registry.Snapshot().Connection(registry.Account(account), id)
		if tenant == nil || !ok {
			return fmt.Errorf("connection %s does not exist", name)
		}
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		config, err := legacyConfig(cfg, logger(cfg, c.ErrOrStderr()))
		if err != nil {
			return err
		}
		directory, err := legacy.Open(ctx, config)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, directory.Close()) }()
		return run(ctx, s, directory, broker.Trial{Directory: directory, Links: s.Store, Tenant: tenant, Connection: connection})
	})
}

func mapTryCommand() *cobra.Command {
	var claims, rules string
	var asJSON bool
	c := &cobra.Command{
		Use: "try ACCOUNT/CONNECTION --claims FILE", Short: "Tell which user somebody with these claims would be, and why",
		Long: `Reads claims as a JSON object, as an identity provider would send them, and asks the connection's rules, or those
of a file, who that would be, and whether the login meets what the connection demands beside them (acr_values, max_age,
and what its preset restricts it to), as far as claims tell. Only reads. For a SAML connection the claims are its
attributes, NameID, acr and auth_time. The exit status is 1 when the person would be refused.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			sent, err := readClaims(claims, c.InOrStdin())
			if err != nil {
				return err
			}
			return withTrial(c, args[0], func(ctx context.Context, _ *server.State, _ *legacy.DB, t broker.Trial) error {
				identity, err := federation.Asserted(t.Connection.ID, t.Connection.ExternalIDClaim, sent)
				if err != nil {
					return fmt.Errorf("--claims: %w", err)
				}
				compiled, err := rulesFrom(t.Connection, rules)
				if err != nil {
					return err
				}
				decision, err := t.Resolve(ctx, compiled, identity)
				if err != nil {
					return err
				}
				demands := t.Demands(identity, time.Now())
				if err := tellDecision(c.OutOrStdout(), decision, demands, asJSON); err != nil {
					return err
				}
				if decision.Refused != "" || broker.Unmet(demands) != "" {
					return errReported
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&claims, "claims", "", "JSON `file` of claims; - is standard input")
	c.Flags().StringVar(&rules, "rules", "", "YAML `file` with other rules, below the key mapping")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	if err := c.MarkFlagRequired("claims"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// maxClaims bounds a file of claims, in bytes.
const maxClaims = 1 << 20

func readClaims(name string, stdin io.Reader) (map[string]any, error) {
	from := stdin
	if name != "-" {
		file, err := os.Open(name) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // it was only read
		from = file
	}
	decoder := json.NewDecoder(io.LimitReader(from, maxClaims))
	decoder.UseNumber()
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil {
		return nil, fmt.Errorf("%s: want one JSON object of claims: %w", name, err)
	}
	if claims == nil || decoder.More() {
		return nil, fmt.Errorf("%s: want one JSON object of claims", name)
	}
	return claims, nil
}

// rulesFrom returns the rules of a file, or the connection's own.
func rulesFrom(connection *registry.Connection, name string) (*mapping.Rules, error) {
	if name == "" {
		return connection.Rules(), nil
	}
	text, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	return connection.ParseRules(name, text, yamlfault.Process(filepath.Dir(name)))
}

type decisionJSON struct {
	UserID  mapping.UserID    `json:"user_id,omitempty"`
	Creates *mapping.NewUser  `json:"creates,omitempty"`
	Refused string            `json:"refused,omitempty"`
	Message map[string]string `json:"message,omitempty"`
	Rule    string            `json:"rule,omitempty"`
	Link    bool              `json:"link"`
	Replace bool              `json:"replace"`
	Given   mapping.Given     `json:"given,omitzero"`
	Demands []broker.Demand   `json:"demands,omitempty"`
	Trace   mapping.Trace     `json:"trace"`
}

func tellDecision(out io.Writer, d mapping.Decision, demands []broker.Demand, asJSON bool) error {
	if unmet := broker.Unmet(demands); unmet != "" { // a login is held to those first
		d.Refused, d.Message = string(unmet), nil
	}
	if asJSON {
		return json.NewEncoder(out).Encode(decisionJSON{
			d.User.ID, d.Create, d.Refused, d.Message, d.Rule, d.Link, d.Replace != nil, d.Given, demands, d.Trace,
		})
	}
	var b strings.Builder
	switch {
	case d.Refused != "":
		fmt.Fprintf(&b, "refused    %s\n", d.Refused)
	case d.Create != nil:
		fmt.Fprintf(&b, "creates    %s\n", printable(d.Create.Login))
	default:
		fmt.Fprintf(&b, "user       %s, %s\n", d.User.ID, printable(d.User.Username))
	}
	fmt.Fprintf(&b, "rule       %s\n", cmp.Or(d.Rule, "none of them found a user"))
	if d.Link {
		b.WriteString("link       would be remembered\n")
	}
	for _, given := range []struct {
		what  string
		names []string
	}{{"roles", d.Given.Roles}, {"groups", d.Given.Groups}} {
		if len(given.names) > 0 {
			fmt.Fprintf(&b, "%-10s %s\n", given.what, printable(strings.Join(given.names, ", ")))
		}
	}
	for _, demand := range demands {
		fmt.Fprintf(&b, "demand     %s is %s", demand.Key, demand.Verdict)
		if demand.Why != "" {
			fmt.Fprintf(&b, ": %s", printable(demand.Why))
		}
		b.WriteString("\n")
	}
	tellTrace(&b, d.Trace)
	_, err := io.WriteString(out, b.String())
	return err
}

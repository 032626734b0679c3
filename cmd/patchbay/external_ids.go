package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/mapping"
)

func externalIDsCommand() *cobra.Command {
	c := &cobra.Command{Use: "external-ids", Short: "Connect users with their identities at identity providers, from a file"}
	c.AddCommand(externalIDsImportCommand(), externalIDsExportCommand())
	return c
}

// importOptions are the flags of an import.
type importOptions struct {
	connection               string
	dryRun, partial, replace bool
	asJSON                   bool
}

func externalIDsImportCommand() *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use: "import FILE --connection ACCOUNT/CONNECTION", Short: "Link users to the external ids that a CSV file names",
		Long: `The file has the columns external_id and user_id, separated by comma or semicolon, in UTF-8; - is standard input.
Everything is checked before anything is written: empty, malformed and repeated values, users whom the tenant does not
have, external ids that belong to others, and users who have another one. If anything is wrong, it is told by line,
nothing is written, and the exit status is 1; with --partial, the lines that are right are written. What is there
already stays as it is.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			rows, faults, err := readLinkFile(args[0], c.InOrStdin())
			if err != nil {
				return err
			}
			return withTrial(c, o.connection, func(ctx context.Context, s *server.State, _ *legacy.DB, t broker.Trial) error {
				return importLinks(ctx, s, t, rows, faults, o, c.OutOrStdout())
			})
		},
	}
	f := c.Flags()
	f.StringVar(&o.connection, "connection", "", "`ACCOUNT/CONNECTION` whose external ids they are")
	f.BoolVar(&o.dryRun, "dry-run", false, "check, and write nothing")
	f.BoolVar(&o.partial, "partial", false, "write what is right although other lines are wrong")
	f.BoolVar(&o.replace, "replace", false, "let users have another external id than they have now")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	if err := c.MarkFlagRequired("connection"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

func readLinkFile(name string, stdin io.Reader) ([]broker.LinkRow, []broker.LinkFault, error) {
	if name == "-" {
		return broker.ReadLinkFile(stdin)
	}
	file, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return broker.ReadLinkFile(file)
}

// imported tells what became of a file.
type imported struct {
	Linked    int                `json:"linked"`
	Replaced  int                `json:"replaced"`
	Unchanged int                `json:"unchanged"`
	Written   bool               `json:"written"`
	Faults    []broker.LinkFault `json:"faults"`
}

func importLinks(ctx context.Context, s *server.State, t broker.Trial, rows []broker.LinkRow, faults []broker.LinkFault, o importOptions, out io.Writer) error {
	plan, err := t.PlanLinks(ctx, rows, o.replace, time.Now())
	if err != nil {
		return err
	}
	result := imported{Unchanged: plan.Unchanged, Faults: append(append([]broker.LinkFault{}, faults...), plan.Faults...)}
	slices.SortStableFunc(result.Faults, func(a, b broker.LinkFault) int { return a.Line - b.Line })
	for _, l := range plan.Links {
		if l.Replace != nil {
			result.Replaced++
		} else {
			result.Linked++
		}
	}
	if result.Written = !o.dryRun && (len(result.Faults) == 0 || o.partial); result.Written {
		written, err := t.SaveLinks(ctx, s.Store, revoker(s), plan.Links, actor())
		if err != nil {
			return fmt.Errorf("%d of %d links are written, and importing again goes on: %w", written, len(plan.Links), err)
		}
	}
	if err := tellImport(out, result, o.asJSON); err != nil {
		return err
	}
	if len(result.Faults) > 0 {
		return errReported
	}
	return nil
}

// maxToldFaults bounds what is printed for people.
const maxToldFaults = 100

func tellImport(out io.Writer, r imported, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	var b strings.Builder
	for i, fault := range r.Faults {
		if i == maxToldFaults {
			fmt.Fprintf(&b, "… and %d more\n", len(r.Faults)-i)
			break
		}
		fmt.Fprintf(&b, "line %d: %s\n", fault.Line, printable(fault.Message))
	}
	if slices.ContainsFunc(r.Faults, func(f broker.LinkFault) bool { return f.Code == broker.FaultLinked }) {
		b.WriteString("'patchbay external-ids export' tells which external ids people have, --replace lets them have others\n")
	}
	verdict := "would be linked"
	if r.Written {
		verdict = "linked"
	}
	fmt.Fprintf(&b, "%d %s, %d replaced, %d unchanged, %d faults", r.Linked, verdict, r.Replaced, r.Unchanged, len(r.Faults))
	if !r.Written {
		b.WriteString(": nothing is written")
	}
	b.WriteString("\n")
	_, err := io.WriteString(out, b.String())
	return err
}

func externalIDsExportCommand() *cobra.Command {
	var connection string
	c := &cobra.Command{
		Use: "export --connection ACCOUNT/CONNECTION", Short: "Print the external ids of a connection's users, as import takes them",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withTrial(c, connection, func(ctx context.Context, s *server.State, db *legacy.DB, t broker.Trial) error {
				w := csv.NewWriter(c.OutOrStdout())
				if err := w.Write([]string{"external_id", "user_id"}); err != nil {
					return err
				}
				err := eachLink(ctx, s, db, t, func(external string, user mapping.UserID) error {
					return w.Write([]string{external, string(user)})
				})
				w.Flush()
				return errors.Join(err, w.Error())
			})
		},
	}
	c.Flags().StringVar(&connection, "connection", "", "`ACCOUNT/CONNECTION` whose external ids to print")
	if err := c.MarkFlagRequired("connection"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// exportPage is how many links are read at a time.
const exportPage = 1000

// eachLink reads the connection's links from where they are.
func eachLink(ctx context.Context, s *server.State, db *legacy.DB, t broker.Trial, each func(string, mapping.UserID) error) error {
	if db.KeepsLinks() {
		if !db.Has(legacy.ScanExternalIDs) {
			return fmt.Errorf("the legacy profile keeps the links, and has no %s to read them by", legacy.ScanExternalIDs)
		}
		return db.ScanExternalIDs(ctx, func(tenant mapping.TenantKey, key mapping.LinkKey, user mapping.UserID) error {
			if tenant != t.Tenant.LegacyTenant || key.Connection != t.Connection.ID {
				return nil
			}
			return each(key.ExternalID, user)
		})
	}
	for after := ""; ; {
		links, err := s.Store.Links(ctx, t.Tenant.Account, t.Connection.ID, after, exportPage)
		if err != nil || len(links) == 0 {
			return err
		}
		for _, l := range links {
			if err := each(l.Key.ExternalID, l.UserID); err != nil {
				return err
			}
		}
		after = links[len(links)-1].Key.ExternalID
	}
}

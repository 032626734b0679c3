package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/config"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
	"github.com/patchbay-auth/patchbay/legacy"
	"github.com/patchbay-auth/patchbay/legacy/proof"
	"github.com/patchbay-auth/patchbay/mapping"
)

func checkCommand() *cobra.Command {
	var asJSON, strict, shadow bool
	c := &cobra.Command{
		Use: "check", Short: "Prove the legacy database's profile on the rows that are there",
		Long: `Tries every statement of the profile, reads everybody once, and tells who could not log in and why: rows with
NULLs, logins and addresses that are not unique, passwords that nobody can verify, softphones that no switch could
match, statements that read whole tables. Nothing is written, and nothing is shown of anybody but the id. The exit
status is 1 when the profile is at fault; with --strict, also when rows are.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(c)
			if err != nil {
				return err
			}
			if shadow {
				if cfg.Legacy.Shadow == nil {
					return errors.New("check: the configuration has no legacy.shadow")
				}
				cfg.Legacy = config.Legacy{Source: cfg.Legacy.Shadow.Source}
			}
			progress := newProgress(c.ErrOrStderr())
			report, err := check(c.Context(), cfg, shadow, progress.told)
			progress.done()
			if err != nil {
				return err
			}
			if err := printReport(c.OutOrStdout(), report, asJSON); err != nil {
				return err
			}
			switch worst := report.Worst(); {
			case worst == proof.Error:
				return errors.New("check: the profile does not fit the database")
			case worst == proof.Warning && strict:
				return errors.New("check: some people will not get in")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	c.Flags().BoolVar(&strict, "strict", false, "exit with 1 for warnings, too")
	c.Flags().BoolVar(&shadow, "shadow", false, "prove legacy.shadow instead; the statements that write are left out")
	return c
}

func check(ctx context.Context, cfg config.Config, readOnly bool, progress func(string, int, int)) (_ proof.Report, err error) {
	directory, err := legacyConfig(cfg, slog.New(slog.DiscardHandler))
	var faults yamlfault.Faults
	if errors.As(err, &faults) {
		return proof.Invalid([]yamlfault.Fault(faults)), nil
	}
	if err != nil {
		return proof.Report{}, err
	}
	// A page of a scan is more than what a login waits for.
	directory.StatementTimeout, directory.ReadOnly = 20*time.Second, readOnly
	db, err := legacy.Open(ctx, directory)
	var unfit legacy.ProfileFaults
	if errors.As(err, &unfit) {
		return proof.Invalid([]error(unfit)), nil
	}
	if err != nil {
		return proof.Report{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tenants, err := configuredTenants(ctx, cfg)
	if err != nil {
		progress("without tenant files: "+err.Error(), 0, 0)
	}
	return proof.Run(ctx, proof.Config{DB: db, Tenants: tenants, Progress: progress})
}

// configuredTenants reads the tenants' SIP domains from the state database. A profile may be proved before
// there is one: then nobody's domains are known.
func configuredTenants(ctx context.Context, cfg config.Config) (_ map[mapping.TenantKey][]string, err error) {
	store, err := sqlstore.Open(ctx, stateConfig(cfg))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.CheckSchema(ctx); err != nil {
		return nil, err
	}
	opened, err := registry.Open(ctx, store)
	if err != nil {
		return nil, err
	}
	tenants := map[mapping.TenantKey][]string{}
	for _, t := range opened.Snapshot().Tenants() {
		tenants[t.LegacyTenant] = t.SIPDomains
	}
	return tenants, nil
}

func printReport(out io.Writer, r proof.Report, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r)
	}
	if len(r.Findings) == 1 && r.Findings[0].Code == proof.ProfileInvalid { // nothing was counted
		f := r.Findings[0]
		_, err := fmt.Fprintf(out, "%s  %s: %d\n  %s\n    %s\n  %s\n", f.Severity, f.Code, f.Count, f.Meaning, strings.Join(f.Samples, "\n    "), f.Action)
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "users\t%d\n  of them probed\t%d\nsoftphones\t%d\nexternal ids\t%d\n  of them probed\t%d\n",
		r.Users, r.Probed, r.Softphones, r.Links, r.LinksProbed)
	for _, scheme := range slices.Sorted(maps.Keys(r.Schemes)) {
		_, _ = fmt.Fprintf(w, "password %s\t%d\n", scheme, r.Schemes[scheme])
	}
	for _, shape := range slices.Sorted(maps.Keys(r.UnknownShapes)) {
		_, _ = fmt.Fprintf(w, "unknown: %s\t%d\n", shape, r.UnknownShapes[shape])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(out, "\n%s  %s: %d\n  %s\n  e.g. %s\n  %s\n", f.Severity, f.Code, f.Count, f.Meaning, strings.Join(f.Samples, ", "), f.Action); err != nil {
			return err
		}
	}
	if len(r.Findings) == 0 {
		_, err := fmt.Fprintln(out, "\nnothing is wrong")
		return err
	}
	return nil
}

// A progress draws a line on a terminal, and nothing anywhere else.
type progress struct {
	out   io.Writer
	drawn bool
}

func newProgress(out io.Writer) *progress {
	file, ok := out.(*os.File)
	if !ok {
		return &progress{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &progress{}
	}
	return &progress{out: out}
}

const barWidth = 30

func (p *progress) told(stage string, done, total int) {
	if p.out == nil {
		return
	}
	p.drawn = true
	if total < done || total == 0 { // about how many users there are is not exactly how many
		_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s %d", stage, done)
		return
	}
	filled := barWidth * done / total
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%s [%s%s] %d of %d", stage, strings.Repeat("=", filled), strings.Repeat(" ", barWidth-filled), done, total)
}

func (p *progress) done() {
	if p.drawn {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
}

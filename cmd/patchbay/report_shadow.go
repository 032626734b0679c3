package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/shadow"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/mapping"
)

// shadowReport is a report with what the registry and the recorded logins add.
type shadowReport struct {
	shadow.Report
	Tenants []shadowTenant `json:"tenants"`
}

type shadowTenant struct {
	// Account is empty for a tenant that patchbay does not serve any more.
	Account string `json:"account"`
	// PasswordUsers are those who have logged in with a password since then, compared or not.
	PasswordUsers int `json:"password_users"`
	shadow.TenantReport
}

func (t shadowTenant) name() string {
	if t.Account == "" {
		return "(" + string(t.Tenant) + ")"
	}
	return t.Account
}

func reportShadowCommand() *cobra.Command {
	since := period(30 * 24 * time.Hour)
	var asJSON, strict bool
	c := &cobra.Command{
		Use: "shadow", Short: "Tell what differs between the legacy database and its shadow",
		Long: `Tells, by tenant, of how many people who logged in the shadow (legacy.shadow) says the same, and what differs of the
others: by code, with how many it concerns, since when, up to five user ids, and what to do. A difference stays until the
same person's login shows that it is gone, or --since leaves it out. The exit status is 1 when somebody would be locked
out, be somebody else or get in wrongly, or when nobody was compared; with --strict, also when applications would be told
otherwise about somebody.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				now := time.Now().UTC()
				r, err := shadowReportOf(ctx, s.Store, s.Store, s.AccountsByTenant(), since.ago(now), now)
				if err != nil {
					return err
				}
				if asJSON {
					encoder := json.NewEncoder(c.OutOrStdout())
					encoder.SetIndent("", "  ")
					encoder.SetEscapeHTML(false)
					err = encoder.Encode(r)
				} else {
					err = printShadow(c.OutOrStdout(), r)
				}
				if err != nil {
					return err
				}
				return judgeShadow(r.Report, strict)
			})
		},
	}
	c.Flags().Var(&since, "since", "leave out what was not met after this, such as 7d: since the last repair")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	c.Flags().BoolVar(&strict, "strict", false, "exit with 1 for warnings, too")
	return c
}

// judgeShadow makes the exit status.
func judgeShadow(r shadow.Report, strict bool) error {
	switch worst := r.Worst(); {
	case worst == shadow.Error:
		return errors.New("report shadow: some people would be locked out, be somebody else, or get in wrongly")
	case worst == shadow.Warning && strict:
		return errors.New("report shadow: applications would be told otherwise about some people")
	case r.Compared() == 0:
		return errors.New("report shadow: nobody was compared")
	}
	return nil
}

func shadowReportOf(
	ctx context.Context, store shadow.Store, history broker.LoginHistory, accounts map[mapping.TenantKey]string, since, now time.Time,
) (shadowReport, error) {
	plain, err := shadow.NewReport(ctx, store, since)
	if err != nil {
		return shadowReport{}, err
	}
	tallies, err := history.TallyLogins(ctx, since, now)
	if err != nil {
		return shadowReport{}, err
	}
	byPassword := map[registry.Account]int{}
	for _, t := range tallies {
		if t.Password {
			byPassword[t.Account] += t.Users
		}
	}
	r := shadowReport{Report: plain, Tenants: []shadowTenant{}}
	for _, t := range plain.Tenants {
		of := shadowTenant{Account: accounts[t.Tenant], TenantReport: t}
		for account := range strings.SplitSeq(of.Account, ", ") {
			of.PasswordUsers += byPassword[registry.Account(account)]
		}
		r.Tenants = append(r.Tenants, of)
	}
	return r, nil
}

func printShadow(out io.Writer, r shadowReport) error {
	if len(r.Tenants) == 0 {
		_, err := fmt.Fprintf(out, "Nothing was compared since %s. Name the second source as legacy.shadow in the configuration of the servers;\n"+
			"from then on every login is compared. 'patchbay check --shadow' proves its profile before that.\n", r.Since.Format(time.DateTime))
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(w, "tenant\tusers compared\tpassword proven\tof who used one\tdiffer\tagreement\tsince\tunanswered\tdropped\t\n")
	for _, t := range r.Tenants {
		first := "-"
		if !t.First.IsZero() {
			first = t.First.Format(time.DateOnly)
		}
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d %%\t%s\t%d\t%d\t\n", t.name(), t.Compared, t.Proven, t.PasswordUsers, t.Differing, t.Agreement,
			first, t.Outcomes[shadow.Unanswered], t.Outcomes[shadow.Dropped])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, t := range r.Tenants {
		for _, f := range t.Findings {
			if err := printShadowFinding(out, t.name(), f); err != nil {
				return err
			}
		}
	}
	if r.Worst() == "" {
		_, err := fmt.Fprintln(out, "\nnothing differs")
		return err
	}
	return nil
}

func printShadowFinding(out io.Writer, tenant string, f shadow.Finding) error {
	by := ""
	if f.By != "" {
		by = " (by " + f.By + ")"
	}
	samples := make([]string, len(f.Samples))
	for i, user := range f.Samples {
		samples[i] = string(user)
		if strings.ContainsFunc(samples[i], func(r rune) bool { return !unicode.IsPrint(r) }) { // a terminal obeys some
			samples[i] = strconv.Quote(samples[i])
		}
	}
	_, err := fmt.Fprintf(out, "\n%s  %s %s%s: %d, since %s, last %s\n  %s\n  e.g. %s\n  %s\n", f.Severity, tenant, f.Code, by, f.Users,
		f.First.Format(time.DateOnly), f.Last.Format(time.DateTime), f.Meaning, strings.Join(samples, ", "), f.Action)
	return err
}

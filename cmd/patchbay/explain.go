package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

func explainCommand() *cobra.Command {
	var account, user, login string
	var limit int
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain LOGIN-ID | explain --account ACCOUNT [--user USER-ID | --login NAME]",
		Short: "Tell why a login became a user, or was refused",
		Long: `Prints one recorded login with the trace of the mapping rules, or lists the newest logins of a
tenant, of one user, or of a name as somebody typed it. The login id is the reference on the page that
refused somebody, and login_id in the audit log. Names that are nobody's are not stored, because people
type passwords there by mistake; such logins are found by --login, and shown under a pseudonym.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case (len(args) == 1) == (account != ""):
				return errors.New("explain takes either a login id or --account")
			case limit < 1:
				return fmt.Errorf("--limit %d: want at least 1", limit)
			}
			return withState(c, func(ctx context.Context, s *server.State) error {
				if len(args) == 1 {
					return explainOne(ctx, s.Store, args[0], c.OutOrStdout(), asJSON)
				}
				if _, ok := s.Registry.Snapshot().Tenant(registry.Account(account)); !ok {
					return fmt.Errorf("--account %q: there is no such tenant", account)
				}
				logins, err := findLogins(ctx, s, registry.Account(account), mapping.UserID(user), login, limit)
				if err != nil {
					return err
				}
				return listLogins(c.OutOrStdout(), logins, asJSON)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&account, "account", "", "list the logins of this tenant")
	f.StringVar(&user, "user", "", "only logins that became this user id")
	f.StringVar(&login, "login", "", "only logins with this name, in the case it was typed in, or with this external id")
	f.IntVar(&limit, "limit", 20, "how many logins to list")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func findLogins(ctx context.Context, s *server.State, account registry.Account, user mapping.UserID, login string, limit int) ([]broker.Login, error) {
	switch {
	case login == "":
		return s.Store.Logins(ctx, account, user, limit)
	case user != "":
		return nil, errors.New("explain takes either --user or --login")
	}
	return s.Store.LoginsBySubject(ctx, account, []string{login, broker.NobodysName(s.Keys, login)}, limit)
}

func explainOne(ctx context.Context, store broker.SessionStore, ref string, out io.Writer, asJSON bool) error {
	login, err := id.Parse(strings.ToLower(strings.ReplaceAll(ref, "-", "")))
	if err != nil {
		return fmt.Errorf("login id %q: %w", ref, err)
	}
	l, err := store.Login(ctx, login)
	if errors.Is(err, broker.ErrNotFound) {
		return fmt.Errorf("no login %s is recorded", ref)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(out).Encode(loginLine(l))
	}
	return tellLogin(out, l)
}

type loginJSON struct {
	ID         id.ID          `json:"login_id"`
	At         time.Time      `json:"at"`
	Account    string         `json:"account"`
	ClientID   string         `json:"client_id"`
	Connection string         `json:"connection"`
	Subject    string         `json:"subject,omitempty"`
	UserID     string         `json:"user_id,omitempty"`
	Outcome    string         `json:"outcome"`
	Reason     string         `json:"reason,omitempty"`
	Detail     string         `json:"detail,omitempty"`
	Address    string         `json:"address,omitempty"`
	Trace      *mapping.Trace `json:"trace,omitempty"`
}

func loginLine(l broker.Login) loginJSON {
	return loginJSON{
		l.ID, l.At.UTC(), string(l.Account), l.ClientID, l.Connection, l.Subject, string(l.UserID),
		outcome(l), string(l.Reason), l.Detail, l.Address, l.Trace,
	}
}

func outcome(l broker.Login) string {
	if l.Reason == "" {
		return "succeeded"
	}
	return "refused"
}

func listLogins(out io.Writer, logins []broker.Login, asJSON bool) error {
	if asJSON {
		lines := []loginJSON{}
		for _, l := range logins {
			lines = append(lines, loginLine(l))
		}
		return json.NewEncoder(out).Encode(lines)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, l := range logins { // a tabwriter keeps its first error until Flush
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.At.UTC().Format(time.RFC3339), l.ID, became(l), l.Connection, printable(l.Subject))
	}
	return w.Flush()
}

// became is what came of a login, in a word or two.
func became(l broker.Login) string {
	if l.Reason != "" {
		return string(l.Reason)
	}
	return "user " + string(l.UserID)
}

// tellLogin explains one login in words.
func tellLogin(out io.Writer, l broker.Login) error {
	var b strings.Builder
	fmt.Fprintf(&b, "login      %s\nat         %s\ntenant     %s\nclient     %s\nthrough    %s\n", l.ID, l.At.UTC().Format(time.RFC3339Nano), l.Account, l.ClientID, l.Connection)
	for _, line := range [][2]string{{"came as", cameAs(l)}, {"from", l.Address}, {"user", string(l.UserID)}, {"reason", string(l.Reason)}, {"detail", l.Detail}} {
		if line[1] != "" {
			fmt.Fprintf(&b, "%-10s %s\n", line[0], printable(line[1]))
		}
	}
	fmt.Fprintf(&b, "outcome    %s\n", outcome(l))
	if todo := advice(l); todo != "" {
		fmt.Fprintf(&b, "to do      %s\n", todo)
	}
	if l.Trace != nil {
		tellTrace(&b, *l.Trace)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func cameAs(l broker.Login) string {
	if l.IsNobody() {
		return l.Subject + " (a name that is nobody's, and not stored; --login NAME finds it)"
	}
	return l.Subject
}

func tellTrace(b *strings.Builder, t mapping.Trace) {
	if len(t.Claims) > 0 {
		b.WriteString("\nclaims the rules name, or that are kept\n")
		for _, name := range slices.Sorted(maps.Keys(t.Claims)) {
			fmt.Fprintf(b, "  %-16s %s\n", name, printable(t.Claims[name].String()))
		}
	}
	b.WriteString("\nrules, in order\n")
	for i, step := range t.Steps {
		fmt.Fprintf(b, "  %d. %s: %s\n", i+1, step.Rule, step.Outcome)
		if step.Looked != "" {
			fmt.Fprintf(b, "     looked for %s, met %s\n", printable(step.Looked), met(step.Met))
		}
		if step.Why != "" {
			fmt.Fprintf(b, "     %s\n", printable(step.Why))
		}
	}
	tellGiven(b, t.Given)
}

// tellGiven says which enrichment gave what.
func tellGiven(b *strings.Builder, given []mapping.GivenBy) {
	if len(given) == 0 {
		return
	}
	b.WriteString("\nroles and groups of the login, beside those of the directory\n")
	for _, g := range given {
		var parts []string
		if len(g.Roles) > 0 {
			parts = append(parts, "roles "+strings.Join(g.Roles, ", "))
		}
		if len(g.Groups) > 0 {
			parts = append(parts, "groups "+strings.Join(g.Groups, ", "))
		}
		fmt.Fprintf(b, "  %s: %s\n", g.Rule, printable(strings.Join(parts, "; ")))
	}
}

func met(users []mapping.UserID) string {
	if len(users) == 0 {
		return "nobody"
	}
	var names []string
	for _, u := range users {
		names = append(names, "user "+string(u))
	}
	return strings.Join(names, ", ")
}

// printable keeps control characters of what strangers sent off the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '�'
		}
		return r
	}, s)
}

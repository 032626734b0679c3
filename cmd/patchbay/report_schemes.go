package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/mapping"
)

// schemeLine is how many users of a tenant had a password of a scheme on a day.
type schemeLine struct {
	// Account and Tenant are empty for all tenants that patchbay does not serve, together. Account alone is
	// empty for one that it does not serve any more.
	Account string `json:"account"`
	Tenant  string `json:"tenant"`
	Day     string `json:"day"`
	Scheme  string `json:"scheme"`
	Users   int    `json:"users"`
	// Able are those of them who are let in with it.
	Able int `json:"able"`
}

// schemeLines lists the oldest day first, and tenants and schemes in order inside.
func schemeLines(counted []census.Census, accounts map[mapping.TenantKey]string) []schemeLine {
	lines := []schemeLine{}
	for _, c := range counted {
		for _, n := range c.Counts {
			lines = append(lines, schemeLine{
				Account: accounts[n.Tenant], Tenant: string(n.Tenant), Day: string(c.Day),
				Scheme: n.Scheme, Users: n.Users, Able: n.Able,
			})
		}
	}
	return lines
}

// name is what a tenant is called in a table.
func (l schemeLine) name() string {
	switch {
	case l.Account != "":
		return l.Account
	case l.Tenant != "":
		return "(" + l.Tenant + ")"
	}
	return "(others)"
}

// maxDays is how many days stand beside each other in a table.
const maxDays = 7

// daysOf chooses the days to show: all, if they are few, else the last of every month.
func daysOf(lines []schemeLine) []string {
	var days []string
	for _, l := range lines {
		if len(days) == 0 || days[len(days)-1] != l.Day {
			days = append(days, l.Day)
		}
	}
	if len(days) <= maxDays {
		return days
	}
	const month = len("2006-01")
	var chosen []string
	for i, day := range days {
		if i == len(days)-1 || days[i+1][:month] != day[:month] {
			chosen = append(chosen, day)
		}
	}
	return chosen[max(0, len(chosen)-maxDays):]
}

func printSchemes(out io.Writer, lines []schemeLine) error {
	if len(lines) == 0 {
		_, err := fmt.Fprint(out, "Which password hashes are left is not known: nobody has counted them. 'patchbay report migration --count' counts\n"+
			"them now, and legacy.census_at: \"03:30\" in the configuration of the servers counts them at night, every day.\n")
		return err
	}
	days := daysOf(lines)
	type kind struct{ tenant, scheme string }
	rows := map[kind][]*schemeLine{}
	var kinds []kind
	for _, l := range lines {
		column := slices.Index(days, l.Day)
		if column < 0 {
			continue
		}
		k := kind{l.name(), l.Scheme}
		if rows[k] == nil {
			rows[k] = make([]*schemeLine, len(days))
			kinds = append(kinds, k)
		}
		rows[k][column] = &l
	}
	slices.SortFunc(kinds, func(a, b kind) int { return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.scheme, b.scheme)) })
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(w, "tenant\tpassword\t")
	for _, day := range days {
		_, _ = fmt.Fprintf(w, "%s\t", day)
	}
	_, _ = fmt.Fprint(w, "can log in\t\n")
	for _, k := range kinds {
		_, _ = fmt.Fprintf(w, "%s\t%s\t", k.tenant, k.scheme)
		able := 0
		for _, l := range rows[k] {
			users := 0
			able = 0
			if l != nil {
				users, able = l.Users, l.Able
			}
			_, _ = fmt.Fprintf(w, "%d\t", users)
		}
		_, _ = fmt.Fprintf(w, "%d\t\n", able)
	}
	return w.Flush()
}

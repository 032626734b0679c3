package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/broker/census"
	"github.com/patchbay-auth/patchbay/mapping"
)

// series counts on days from 2026-03-30, every so many days, how sha1 gives way to bcrypt.
func series(n, every int) []census.Census {
	var all []census.Census
	for i := range n {
		at := time.Date(2026, 3, 30, 3, 30, 0, 0, time.UTC).AddDate(0, 0, i*every)
		c := census.Census{Day: census.DayOf(at), TakenAt: at, Counts: []census.Count{
			{Tenant: "", Scheme: "md5", Users: 5, Able: 1},
			{Tenant: "10010", Scheme: "bcrypt", Users: 100 + i, Able: 90 + i},
		}}
		if i < n-1 { // the last one has gone
			c.Counts = append(c.Counts, census.Count{Tenant: "10010", Scheme: "sha1", Users: n - i, Able: n - i - 1})
		}
		all = append(all, c)
	}
	return all
}

func TestDaysOf(t *testing.T) {
	for _, test := range []struct {
		name     string
		n, every int
		want     string
	}{
		{"none", 0, 1, ""},
		{"all, while they are few", 3, 1, "2026-03-30 2026-03-31 2026-04-01"},
		{"a week", 7, 1, "2026-03-30 2026-03-31 2026-04-01 2026-04-02 2026-04-03 2026-04-04 2026-04-05"},
		{"the last of every month", 40, 1, "2026-03-31 2026-04-30 2026-05-08"},
		{"the last months", 9, 32, "2026-06-02 2026-07-04 2026-08-05 2026-09-06 2026-10-08 2026-11-09 2026-12-11"},
	} {
		if got := strings.Join(daysOf(schemeLines(series(test.n, test.every), nil)), " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestPrintSchemes(t *testing.T) {
	var out bytes.Buffer
	lines := schemeLines(series(3, 1), map[mapping.TenantKey]string{"10010": "acme"})
	lines = append(lines, schemeLine{Tenant: "10090", Day: lines[len(lines)-1].Day, Scheme: "bcrypt", Users: 8, Able: 7})
	if err := printSchemes(&out, lines); err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSpace(regexp.MustCompile(` *\n *| +`).ReplaceAllStringFunc(out.String(), func(s string) string {
		if strings.Contains(s, "\n") {
			return "\n"
		}
		return " "
	}))
	want := strings.Join([]string{
		"tenant password 2026-03-30 2026-03-31 2026-04-01 can log in",
		"(10090) bcrypt 0 0 8 7",
		"(others) md5 5 5 5 1",
		"acme bcrypt 100 101 102 92",
		"acme sha1 3 2 0 0",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWriteCSV(t *testing.T) {
	m := migration{
		Logins:  []monthLine{{Account: "acme", Month: "2026-11", Password: 3, SSO: 2, Both: 1, Logins: 40}},
		Schemes: []schemeLine{{Account: "acme", Tenant: "10010", Day: "2026-11-21", Scheme: "plaintext, refused", Users: 2}},
	}
	for table, want := range map[string]string{
		csvLogins:  "month,account,password_only_users,sso_only_users,both_users,logins\n2026-11,acme,3,2,1,40\n",
		csvSchemes: "day,account,tenant,scheme,users,able\n2026-11-21,acme,10010,\"plaintext, refused\",2,0\n",
	} {
		var out bytes.Buffer
		if err := writeCSV(&out, m, table); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", table, &out, err)
		}
		if err := writeCSV(brokenPipe{}, m, table); err == nil {
			t.Errorf("%s: nobody is told that the pipe is broken", table)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, fmt.Errorf("broken pipe") }

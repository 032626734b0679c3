package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// A Result is what a task cost: medians of several rounds, each beside a hello of its own.
type Result struct {
	Name string `json:"name"`
	// PerSecond is how many were done.
	PerSecond float64 `json:"per_second"`
	// Ratio is to the hello of the same round.
	Ratio float64 `json:"ratio_to_hello"`
	// CPU is to the hello's, per operation, clients included in both.
	CPU float64       `json:"cpu_to_hello"`
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	// StateStatements and LegacyStatements are per operation, BEGIN and COMMIT excepted.
	StateStatements  float64 `json:"state_statements"`
	LegacyStatements float64 `json:"legacy_statements"`
	Budget           string  `json:"budget,omitempty"`
	// Missed names the first part of the budget that was not kept.
	Missed string `json:"missed,omitempty"`
}

// A Report is a whole run.
type Report struct {
	State    string   `json:"state"` // sqlite or mysql
	Users    int      `json:"users"`
	Families int      `json:"families"`
	Tokens   int      `json:"tokens"`
	CPUs     int      `json:"cpus"`
	Clients  int      `json:"clients"`
	Rounds   int      `json:"rounds"`
	Hello    float64  `json:"hello_per_second"`
	Results  []Result `json:"results"`
}

// A budget is what a task may cost; zero parts are not judged.
type budget struct {
	ratio      float64
	cpu        float64
	statements float64 // of both databases
	p99        time.Duration
}

func (b budget) String() string {
	text := ""
	add := func(format string, args ...any) {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf(format, args...)
	}
	if b.ratio > 0 {
		add("≥ %.2f", b.ratio)
	}
	if b.cpu > 0 {
		add("≤ %.0f× CPU", b.cpu)
	}
	if b.statements >= 0 {
		add("≤ %.0f SQL", b.statements)
	}
	if b.p99 > 0 {
		add("p99 ≤ %v", b.p99)
	}
	return text
}

// missed names the first part that r exceeds. A statement in twenty operations is a cache that was
// refreshed meanwhile, or a poll of the change feed more than usual.
func (b budget) missed(r Result) string {
	switch {
	case b.ratio > 0 && r.Ratio < b.ratio:
		return "rate"
	case b.cpu > 0 && r.CPU > b.cpu:
		return "CPU"
	case b.statements >= 0 && r.StateStatements+r.LegacyStatements > b.statements+0.05:
		return "statements"
	case b.p99 > 0 && r.P99 > b.p99:
		return "p99"
	}
	return ""
}

func (r Report) json(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r Report) table(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%s state, %d users, %d refresh families, %d live tokens; %d CPUs shared by servers and %d clients\nhello: %.0f/s; medians of %d rounds, each beside its own hello\n\n",
		r.State, r.Users, r.Families, r.Tokens, r.CPUs, r.Clients, r.Hello, r.Rounds)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "\t1/s\t× hello\t× CPU\tp50\tp99\tSQL state\tSQL legacy\tbudget\t\t")
	for _, x := range r.Results {
		verdict := "ok"
		switch {
		case x.Budget == "":
			verdict = ""
		case x.Missed != "":
			verdict = "misses " + x.Missed
		}
		_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.3f\t%.1f\t%v\t%v\t%.2f\t%.2f\t%s\t%s\t\n", x.Name, x.PerSecond, x.Ratio, x.CPU,
			x.P50.Round(10*time.Microsecond), x.P99.Round(10*time.Microsecond), x.StateStatements, x.LegacyStatements, x.Budget, verdict)
	}
	return w.Flush()
}

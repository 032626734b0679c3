package bench

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/mariadbtest"
)

// small measures everything once, and briefly: whether it works, not how fast.
func small() Options {
	return Options{Users: 50, Families: 20, Tokens: 100, Clients: 4, Rounds: 1, Window: 200 * time.Millisecond}
}

// TestEngines: every task runs on both engines and costs the statements that it may.
func TestEngines(t *testing.T) {
	for _, engine := range []struct {
		name  string
		state func(*testing.T) string
	}{
		{"sqlite", func(*testing.T) string { return "" }},
		{"mysql", func(t *testing.T) string { return "mysql:" + mariadbtest.DSN(t) }},
	} {
		t.Run(engine.name, func(t *testing.T) {
			o := small()
			o.State, o.JSON = engine.state(t), true
			var out bytes.Buffer
			if err := Run(t.Context(), o, &out, t.Output()); err != nil {
				t.Fatal(err)
			}
			var report Report
			if err := json.Unmarshal(out.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			if report.State != engine.name || report.Hello == 0 || len(report.Results) != 11 {
				t.Errorf("reported %s", &out)
			}
			for _, r := range report.Results {
				if r.PerSecond == 0 || r.Ratio == 0 || r.P99 < r.P50 || r.P50 == 0 {
					t.Errorf("%s: %+v", r.Name, r)
				}
				// The change feed is polled meanwhile, which is nobody's operation.
				if r.Missed == "statements" && r.StateStatements+r.LegacyStatements > 1 && strings.HasPrefix(r.Name, "introspection") {
					t.Errorf("%s costs %.2f and %.2f statements", r.Name, r.StateStatements, r.LegacyStatements)
				}
			}
		})
	}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestOptions(t *testing.T) {
	o := small()
	o.Only = "^discovery$"
	report, err := Measure(t.Context(), o, discard())
	if err != nil || len(report.Results) != 1 || report.Results[0].Name != "discovery" {
		t.Fatalf("control: %+v, %v", report, err)
	}
	for only, want := range map[string]string{"(": "--only", "nothing of that name": "no task"} {
		o.Only = only
		if _, err := Measure(t.Context(), o, discard()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--only %q: %v", only, err)
		}
	}
	o.Only, o.State = "", "postgres:x"
	if _, err := Measure(t.Context(), o, discard()); err == nil {
		t.Error("a state of another kind was opened")
	}
}

// TestBudget: what was missed is named, and only that.
func TestBudget(t *testing.T) {
	b := budget{ratio: 0.5, cpu: 3, statements: 1, p99: time.Millisecond}
	kept := Result{Ratio: 0.5, CPU: 3, StateStatements: 0.5, LegacyStatements: 0.5, P99: time.Millisecond}
	if got := b.missed(kept); got != "" {
		t.Fatalf("control: misses %s", got)
	}
	for want, spoil := range map[string]func(*Result){
		"rate":       func(r *Result) { r.Ratio = 0.49 },
		"CPU":        func(r *Result) { r.CPU = 3.1 },
		"statements": func(r *Result) { r.LegacyStatements = 0.6 },
		"p99":        func(r *Result) { r.P99 = 2 * time.Millisecond },
	} {
		r := kept
		spoil(&r)
		if got := b.missed(r); got != want {
			t.Errorf("missed %q, want %q", got, want)
		}
	}
	if got := b.String(); got != "≥ 0.50, ≤ 3× CPU, ≤ 1 SQL, p99 ≤ 1ms" {
		t.Errorf("the budget is %q", got)
	}
}

func TestStorm(t *testing.T) {
	for _, c := range []struct {
		rate   float64
		missed string
	}{{50, ""}, {49, "rate"}} {
		r := Report{Results: []Result{{Name: idleIntrospection, PerSecond: 100}, {Name: stormIntrospection, PerSecond: c.rate}}}
		if r.judgeStorm(); r.Results[1].Missed != c.missed {
			t.Errorf("%v of 100 in a storm misses %q", c.rate, r.Results[1].Missed)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var sorted []time.Duration
	for i := range 100 {
		sorted = append(sorted, time.Duration(i))
	}
	if a, b := quantile(sorted, 0.5), quantile(sorted, 0.99); a != 50 || b != 99 || quantile(nil, 0.5) != 0 {
		t.Errorf("quantiles are %d and %d", a, b)
	}
	if m := median([]float64{9, 1, 5}); m != 5 || median(nil) != 0 {
		t.Errorf("median is %v", m)
	}
}

// The benchmarks report what `patchbay bench` does, for those who compare with benchstat.

func BenchmarkSQLite(b *testing.B) { measure(b, "") }

func BenchmarkMariaDB(b *testing.B) { measure(b, "mysql:"+mariadbtest.DSN(b)) }

func measure(b *testing.B, state string) {
	for b.Loop() {
		report, err := Measure(b.Context(), Options{State: state, Users: 10_000, Families: 1000, Rounds: 3}, discard())
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range report.Results {
			unit := strings.NewReplacer(" ", "-", ",", "").Replace(r.Name)
			b.ReportMetric(r.Ratio, unit+"-ratio")
			b.ReportMetric(r.StateStatements+r.LegacyStatements, unit+"-sql")
		}
	}
}

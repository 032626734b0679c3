package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Options are the flags of the command. Zero values have the defaults named.
type Options struct {
	// State is the DSN of an empty database for the state, as in patchbay.yaml; a MySQL one gets the
	// legacy sample, too. Empty means SQLite files that are removed again.
	State string
	// Users are added to the legacy sample. Zero adds none: every token is the same user's.
	Users int
	// Families are the refresh families in the state before anything is measured.
	Families int
	// Tokens are alive at once; zero means 10 000.
	Tokens int
	// Clients ask at the same time, each on its own connection; zero means 16.
	Clients int
	// Rounds are measured, and their medians reported; zero means 9.
	Rounds int
	// Window is how long a round measures one thing, and as long its hello; zero means 500 ms. Many
	// short rounds tell more about a busy machine than few long ones.
	Window time.Duration
	// Only names the tasks to run by a regular expression; empty means all.
	Only string
	JSON bool
}

func (o Options) withDefaults() (Options, *regexp.Regexp, error) {
	if o.Tokens <= 0 {
		o.Tokens = 10_000
	}
	if o.Clients <= 0 {
		o.Clients = 16
	}
	if o.Rounds <= 0 {
		o.Rounds = 9
	}
	if o.Window <= 0 {
		o.Window = 500 * time.Millisecond
	}
	only, err := regexp.Compile(o.Only)
	if err != nil {
		return o, nil, fmt.Errorf("--only %q: %w", o.Only, err)
	}
	return o, only, nil
}

// Run measures and reports. A missed budget is a finding, not an error.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) (err error) {
	report, err := Measure(ctx, o, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	if o.JSON {
		return report.json(stdout)
	}
	return report.table(stdout)
}

// Measure starts what is to be measured, measures it, and ends it again.
func Measure(ctx context.Context, o Options, log *slog.Logger) (_ Report, err error) {
	o, only, err := o.withDefaults()
	if err != nil {
		return Report{}, err
	}
	dir, err := os.MkdirTemp("", "patchbay-bench-")
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &rig{dir: dir, transport: newTransport()}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.start(ctx, o, log); err != nil {
		return Report{}, err
	}
	tasks, err := r.tasks(ctx, o)
	if err != nil {
		return Report{}, err
	}
	tasks = slices.DeleteFunc(tasks, func(t task) bool { return !only.MatchString(t.name) })
	if len(tasks) == 0 {
		return Report{}, fmt.Errorf("--only %q: no task has such a name", o.Only)
	}
	kind, _, _ := strings.Cut(o.State, ":")
	if kind == "" {
		kind = "sqlite"
	}
	report := Report{
		State: kind, Users: o.Users, Families: o.Families, Tokens: o.Tokens,
		CPUs: runtime.GOMAXPROCS(0), Clients: o.Clients, Rounds: o.Rounds,
	}
	var hellos []float64
	for _, t := range tasks {
		result, rates, err := r.rounds(ctx, t, o)
		if err != nil {
			return Report{}, err
		}
		report.Results, hellos = append(report.Results, result), append(hellos, rates...)
	}
	report.Hello = median(hellos)
	report.judgeStorm()
	return report, nil
}

// judgeStorm compares introspection in a storm with the same when nothing else happens.
func (r *Report) judgeStorm() {
	idle := slices.IndexFunc(r.Results, func(x Result) bool { return x.Name == idleIntrospection })
	storm := slices.IndexFunc(r.Results, func(x Result) bool { return x.Name == stormIntrospection })
	if idle < 0 || storm < 0 {
		return
	}
	s := &r.Results[storm]
	s.Budget += ", ≥ half the idle rate"
	if s.Missed == "" && s.PerSecond < r.Results[idle].PerSecond/2 {
		s.Missed = "rate"
	}
}

// rounds measures a task several times, each beside a hello, after one window to warm up.
func (r *rig) rounds(ctx context.Context, t task, o Options) (Result, []float64, error) {
	bare := task{name: "hello", target: r.hello, start: same(get("http://" + r.hello + "/"))}
	var rates, ratios, cpus, hellos, p50, p99 []float64
	var done int
	var cost statements
	for round := range o.Rounds + 1 {
		before := r.statements()
		h, err := bare.run(ctx, o.Clients, o.Window)
		if err != nil {
			return Result{}, nil, err
		}
		// What patchbay asks while nobody asks it, such as the change feed, is nobody's operation.
		idle := r.statements().minus(before).each(h.took.Seconds())
		if t.prepare != nil {
			if err := t.prepare(ctx); err != nil {
				return Result{}, nil, fmt.Errorf("%s: prepare: %w", t.name, err)
			}
		}
		before = r.statements()
		w, err := t.run(ctx, o.Clients, o.Window)
		if err != nil {
			return Result{}, nil, err
		}
		if w.done == 0 || h.done == 0 {
			return Result{}, nil, fmt.Errorf("%s: nothing was done within %v", t.name, o.Window)
		}
		if round == 0 {
			continue
		}
		done += w.done
		cost = cost.plus(r.statements().minus(before).minus(idle.each(1 / w.took.Seconds())))
		rates, hellos = append(rates, w.rate()), append(hellos, h.rate())
		ratios = append(ratios, w.rate()/h.rate())
		if own := perOperation(h); own > 0 {
			cpus = append(cpus, perOperation(w)/own)
		}
		p50 = append(p50, float64(quantile(w.latencies, 0.5)))
		p99 = append(p99, float64(quantile(w.latencies, 0.99)))
	}
	result := Result{
		Name: t.name, PerSecond: median(rates), Ratio: median(ratios), CPU: median(cpus),
		P50: time.Duration(median(p50)), P99: time.Duration(median(p99)),
		Budget: t.budget.String(),
	}
	cost = cost.each(float64(done))
	result.StateStatements, result.LegacyStatements = max(0, cost.state), max(0, cost.legacy)
	result.Missed = t.budget.missed(result)
	return result, hellos, nil
}

func perOperation(w window) float64 { return float64(w.cpu) / float64(w.done) }

// statements counts what the two databases were sent.
type statements struct{ state, legacy float64 }

func (r *rig) statements() statements {
	return statements{float64(r.stateStatements.Load()), float64(r.legacyStatements.Load())}
}

func (s statements) plus(o statements) statements {
	return statements{s.state + o.state, s.legacy + o.legacy}
}
func (s statements) minus(o statements) statements { return s.plus(o.each(-1)) }

// each divides.
func (s statements) each(n float64) statements { return statements{s.state / n, s.legacy / n} }

package domain_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/domain"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

var epoch = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// zone is a DNS with one answer.
type zone struct {
	records map[string][]string // by name with the dot of the root
	err     error
	asked   int
}

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.asked++
	switch found := z.records[name]; {
	case z.err != nil:
		return nil, z.err
	case found == nil:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	default:
		return found, nil
	}
}

type kit struct {
	*domain.Prover
	t     *testing.T
	store *sqlstore.Store
	zone  *zone
	now   time.Time
}

// newKit has two tenants that claim the same domain.
func newKit(t *testing.T) *kit {
	t.Helper()
	k := &kit{t: t, zone: &zone{records: map[string][]string{}}, now: epoch}
	clock := func() time.Time { return k.now }
	var err error
	k.store, err = sqlstore.Open(t.Context(), sqlstore.Config{DSN: secret.New("sqlite:" + filepath.Join(t.TempDir(), "state.db")), Now: clock})
	k.must(err)
	t.Cleanup(func() { _ = k.store.Close() })
	k.must(k.store.Migrate(t.Context()))
	var tenants []registry.Tenant
	for _, account := range []registry.Account{"acme", "rival"} {
		tenants = append(tenants, registry.Tenant{
			Account: account, Name: "x", LegacyTenant: "1", CustomerNumber: string(account), Enabled: true,
			Domains: []registry.Domain{{Name: "acme.example"}},
		})
	}
	k.must(k.store.ChangeRegistry(t.Context(), registry.Change{Save: registry.Records{Tenants: tenants}, At: epoch}))
	k.Prover = domain.NewProver(domain.Config{Store: k.store, Resolver: k.zone, Logger: slog.New(slog.DiscardHandler), Now: clock})
	return k
}

func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) tenant(account registry.Account) *registry.Tenant {
	k.t.Helper()
	records, err := k.store.LoadRegistry(k.t.Context())
	k.must(err)
	snapshot, err := registry.NewSnapshot(records)
	k.must(err)
	t, ok := snapshot.Tenant(account)
	if !ok {
		k.t.Fatalf("there is no tenant %s", account)
	}
	return t
}

// publish puts the record of a tenant into the zone, edited.
func (k *kit) publish(account registry.Account, edit func(domain.Record) (name string, values []string)) {
	k.t.Helper()
	record, err := k.Record(k.t.Context(), account, "acme.example")
	k.must(err)
	name, values := edit(record)
	k.zone.records = map[string][]string{name: values}
}

func asItIs(r domain.Record) (string, []string) { return r.Name + ".", []string{r.Value} }

func TestVerify(t *testing.T) {
	with := func(values ...string) func(domain.Record) (string, []string) {
		return func(r domain.Record) (string, []string) { return r.Name + ".", values }
	}
	for _, c := range []struct {
		name    string
		account registry.Account
		publish func(domain.Record) (string, []string)
		err     error
		absent  bool // the answer is that there is no record, and not that nobody knows
	}{
		{name: "the record (control)", publish: asItIs},
		{name: "among others", publish: func(r domain.Record) (string, []string) {
			return r.Name + ".", []string{"v=spf1 -all", r.Value, ""}
		}},
		{name: "none", publish: func(domain.Record) (string, []string) { return "elsewhere.", nil }, absent: true},
		{name: "another value", publish: with("patchbay-verification=guess"), absent: true},
		{name: "an empty value", publish: with("patchbay-verification="), absent: true},
		{name: "a longer value", publish: func(r domain.Record) (string, []string) { return r.Name + ".", []string{r.Value + "x"} }, absent: true},
		{name: "the value in capitals", publish: func(r domain.Record) (string, []string) { return r.Name + ".", []string{strings.ToUpper(r.Value)} }, absent: true},
		{name: "at the domain itself", publish: func(r domain.Record) (string, []string) { return "acme.example.", []string{r.Value} }, absent: true},
		{name: "at a subdomain", publish: func(r domain.Record) (string, []string) { return "_patchbay.eu.acme.example.", []string{r.Value} }, absent: true},
		{name: "of another tenant", account: "rival", publish: asItIs, absent: true},
		{name: "no answer", publish: asItIs, err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}},
		{name: "no network", publish: asItIs, err: errors.New("network is unreachable")},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			if c.account == "" {
				c.account = "acme"
			}
			k.publish(c.account, c.publish)
			k.zone.err = c.err
			err := k.Verify(t.Context(), k.tenant("acme"), "acme.example", "cli:ana")
			good := !c.absent && c.err == nil
			if (err == nil) != good || errors.Is(err, domain.ErrNoRecord) != c.absent || k.tenant("acme").Owns("acme.example") != good {
				t.Errorf("error %v, owned %v", err, k.tenant("acme").Owns("acme.example"))
			}
			if c.absent && !strings.Contains(err.Error(), `_patchbay.acme.example TXT "patchbay-verification=`) {
				t.Errorf("%v does not say what to publish", err)
			}
		})
	}
}

func TestOneTenantHasADomain(t *testing.T) {
	k := newKit(t)
	k.must(k.Approve(t.Context(), k.tenant("acme"), "acme.example", "cli:ana")) // control
	k.publish("rival", asItIs)
	if err := k.Verify(t.Context(), k.tenant("rival"), "acme.example", "cli:eve"); !errors.Is(err, registry.ErrTaken) {
		t.Errorf("verified by another: %v", err)
	}
	if err := k.Approve(t.Context(), k.tenant("rival"), "acme.example", "cli:eve"); !errors.Is(err, registry.ErrTaken) {
		t.Errorf("approved for another: %v", err)
	}
	for _, claim := range []string{"other.example", "eu.acme.example", "ACME.example", ""} {
		if err := k.Approve(t.Context(), k.tenant("acme"), claim, "cli:ana"); err == nil {
			t.Errorf("%q is approved, and acme does not claim it", claim)
		}
		if err := k.Verify(t.Context(), k.tenant("acme"), claim, "cli:ana"); err == nil || k.zone.asked > 1 {
			t.Errorf("%q is looked for, and acme does not claim it: %v", claim, err)
		}
	}
}

// TestRecord: the value is the tenant's own, for all of its domains and for good.
func TestRecord(t *testing.T) {
	k := newKit(t)
	values := map[string]bool{}
	for _, of := range []struct {
		account registry.Account
		domain  string
	}{{"acme", "a.example"}, {"acme", "b.example"}, {"acme", "a.example"}, {"rival", "a.example"}} {
		r, err := k.Record(t.Context(), of.account, of.domain)
		k.must(err)
		if r.Name != "_patchbay."+of.domain {
			t.Errorf("the record of %s is %s", of.domain, r)
		}
		values[r.Value] = true
	}
	if len(values) != 2 {
		t.Errorf("%d values for two tenants", len(values))
	}
}

func TestMissingRecord(t *testing.T) {
	absent := func(k *kit) { k.zone.records = map[string][]string{} }
	silent := func(k *kit) { k.zone.err = errors.New("no server answers") }
	for _, c := range []struct {
		name  string
		given func(*kit)
		// held is how long the domain is still the tenant's, and lost when it certainly is not.
		held, lost time.Duration
	}{
		{name: "it stays (control)", given: func(*kit) {}, held: 60 * 24 * time.Hour},
		{name: "it goes", given: absent, held: 72 * time.Hour, lost: 98 * time.Hour},
		{name: "no server answers", given: silent, held: 14 * 24 * time.Hour, lost: 16 * 24 * time.Hour},
		{name: "no server answers for four days, and then that it is gone", given: func(k *kit) {
			silent(k)
			k.hours(96)
			k.zone.err = nil
			absent(k)
		}, held: 71 * time.Hour, lost: 98 * time.Hour},
		{name: "no server answers for two weeks, but for one hour", given: func(k *kit) {
			silent(k)
			k.hours(13 * 24)
			k.zone.err = nil
			k.hours(2)
			silent(k)
		}, held: 14 * 24 * time.Hour, lost: 16 * 24 * time.Hour},
		{name: "it goes, and then no server answers", given: func(k *kit) {
			absent(k)
			k.hours(25)
			silent(k)
		}, held: 14 * 24 * time.Hour, lost: 16 * 24 * time.Hour},
		{name: "it goes and comes back", given: func(k *kit) {
			records := k.zone.records
			absent(k)
			k.hours(70)
			k.zone.records = records
			k.hours(2)
			absent(k)
		}, held: 72 * time.Hour, lost: 98 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			k.publish("acme", asItIs)
			k.must(k.Verify(t.Context(), k.tenant("acme"), "acme.example", "cli:ana"))
			c.given(k)
			k.hours(int(c.held / time.Hour))
			if !k.tenant("acme").Owns("acme.example") {
				t.Fatalf("lost within %s", c.held)
			}
			if c.lost == 0 {
				return
			}
			k.hours(int((c.lost - c.held) / time.Hour))
			if k.tenant("acme").Owns("acme.example") {
				t.Errorf("still held after %s", c.lost)
			}
			if lapsed := k.events(broker.DomainLapsed); len(lapsed) != 1 || lapsed[0].Account != "acme" || lapsed[0].Detail["domain"] != "acme.example" {
				t.Errorf("the audit log says %+v", lapsed)
			}
			if len(k.events(broker.DomainMissing))+len(k.events(broker.DomainSilent)) == 0 {
				t.Error("nobody was told ahead")
			}
		})
	}
}

// hours lets time go by with a look each hour.
func (k *kit) hours(n int) {
	k.t.Helper()
	for range n {
		k.now = k.now.Add(time.Hour)
		k.must(k.Recheck(k.t.Context()))
	}
}

// TestCounts: what is counted is what the last look found.
func TestCounts(t *testing.T) {
	k := newKit(t)
	want := func(when string, c domain.Counts) {
		t.Helper()
		if got := k.Counts(); got != c {
			t.Errorf("%s: %+v, want %+v", when, got, c)
		}
	}
	k.must(k.Approve(t.Context(), k.tenant("acme"), "acme.example", "cli:ana"))
	k.hours(1)
	want("approved", domain.Counts{})
	k.publish("acme", asItIs)
	k.must(k.Verify(t.Context(), k.tenant("acme"), "acme.example", "cli:ana"))
	k.hours(1)
	want("proven", domain.Counts{Found: 1})
	k.zone.err = errors.New("no server answers")
	k.hours(25)
	want("silence", domain.Counts{Silent: 1})
	k.zone.err, k.zone.records = nil, map[string][]string{}
	k.hours(2)
	want("gone", domain.Counts{Missing: 1})
	k.hours(80)
	want("lapsed", domain.Counts{})
}

func provenBy(account registry.Account, name string) registry.ProvenDomain {
	return registry.ProvenDomain{Name: name, Account: account, Proof: registry.Proof{By: "cli:ana", At: epoch}}
}

func (k *kit) events(kind broker.EventKind) (found []broker.Event) {
	k.t.Helper()
	all, err := k.store.Events(k.t.Context(), epoch.Add(-time.Hour), 10_000)
	k.must(err)
	for _, e := range all {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

func TestWhenTheDNSIsAsked(t *testing.T) {
	k := newKit(t)
	k.must(k.Approve(t.Context(), k.tenant("acme"), "acme.example", "cli:ana"))
	k.hours(48)
	if k.zone.asked != 0 || !k.tenant("acme").Owns("acme.example") {
		t.Errorf("an approval was looked for %d times", k.zone.asked)
	}
	k.publish("acme", asItIs)
	k.must(k.Verify(t.Context(), k.tenant("acme"), "acme.example", "cli:ana"))
	k.zone.asked = 0
	k.hours(48)
	if k.zone.asked != 2 {
		t.Errorf("a record that is there was looked for %d times in two days", k.zone.asked)
	}
	k.zone.records, k.zone.asked = map[string][]string{}, 0
	k.hours(48)
	if k.zone.asked != 25 { // the day ends, and then each hour
		t.Errorf("a record that is missing was looked for %d times in two days", k.zone.asked)
	}
}

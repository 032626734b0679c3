package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/domain"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

func proven(account registry.Account, name string, p registry.Proof) registry.ProvenDomain {
	return registry.ProvenDomain{Name: name, Account: account, Proof: p}
}

func approval() registry.Proof {
	return registry.Proof{Method: registry.ProofApproval, By: "cli:ana", At: now()}
}

func byDNS(at time.Time) registry.Proof {
	return registry.Proof{Method: registry.ProofDNS, By: "cli:ana", At: at, CheckedAt: at}
}

func wantProven(t *testing.T, s Store, want ...registry.ProvenDomain) {
	t.Helper()
	got, err := s.ProvenDomains(t.Context())
	must(t, err)
	slices.SortFunc(got, func(a, b registry.ProvenDomain) int { return cmp.Compare(a.Name, b.Name) })
	same(t, got, want)
}

func domainsProven(t *testing.T, s Store) {
	must(t, s.ChangeRegistry(t.Context(), change(registry.Records{
		Tenants: []registry.Tenant{tenant("acme", "a.example", "b.example"), tenant("globex", "a.example")},
	})))
	a, b := proven("acme", "a.example", approval()), proven("acme", "b.example", byDNS(now()))
	must(t, s.ProveDomain(t.Context(), a))
	must(t, s.ProveDomain(t.Context(), b))
	wantProven(t, s, a, b)
	wantErr(t, s.ProveDomain(t.Context(), proven("globex", "a.example", approval())), registry.ErrTaken)
	wantErr(t, s.RevokeDomain(t.Context(), proven("globex", "a.example", approval())), domain.ErrNotProven)
	wantProven(t, s, a, b)

	a.Proof = byDNS(now()) // in place of the approval
	must(t, s.ProveDomain(t.Context(), a))
	wantProven(t, s, a, b)
	records, err := s.LoadRegistry(t.Context())
	must(t, err)
	proofs := map[string]registry.ProofMethod{}
	for _, tenant := range records.Tenants {
		for _, d := range tenant.Domains {
			proofs[string(tenant.Account)+" "+d.Name] = d.Proof.Method
		}
	}
	same(t, proofs, map[string]registry.ProofMethod{
		"acme a.example": registry.ProofDNS, "acme b.example": registry.ProofDNS, "globex a.example": "",
	})

	must(t, s.RevokeDomain(t.Context(), a))
	wantErr(t, s.RevokeDomain(t.Context(), a), domain.ErrNotProven)
	must(t, s.ProveDomain(t.Context(), proven("globex", "a.example", approval()))) // it is free now
	told := map[string]int{}
	for _, e := range allEvents(t, s) {
		if e.Detail["domain"] != "" {
			told[string(e.Kind)+" "+string(e.Account)+" "+e.Actor]++
		}
	}
	same(t, told, map[string]int{"domain.proven acme cli:ana": 3, "domain.revoked acme cli:ana": 1, "domain.proven globex cli:ana": 1})
	fed := 0
	for _, c := range get(t, s.Changes, time.Time{}) {
		if c.Kind == registry.ChangeKind {
			fed++
		}
	}
	same(t, fed, 2+5) // the tenants, and every change of a proof
}

func domainsChecked(t *testing.T, s Store) {
	at := now().Add(-time.Hour)
	first := proven("acme", "a.example", byDNS(at))
	must(t, s.ProveDomain(t.Context(), first))
	missing := first
	missing.Proof.CheckedAt, missing.Proof.MissingSince = at.Add(time.Minute), at.Add(time.Minute)
	for range 2 { // the second time another node has looked since
		must(t, s.DomainChecked(t.Context(), first, missing))
		wantProven(t, s, missing)
	}
	wantErr(t, s.LapseDomain(t.Context(), first, missing), domain.ErrNotProven)
	wantProven(t, s, missing)
	silent := missing
	silent.Proof.CheckedAt, silent.Proof.SilentSince = at.Add(2*time.Minute), at.Add(2*time.Minute)
	must(t, s.DomainChecked(t.Context(), missing, silent))
	wantProven(t, s, silent)
	must(t, s.LapseDomain(t.Context(), silent, silent))
	wantProven(t, s)
	var kinds []broker.EventKind
	for _, e := range allEvents(t, s) {
		kinds = append(kinds, e.Kind)
	}
	slices.Sort(kinds)
	same(t, kinds, []broker.EventKind{broker.DomainLapsed, broker.DomainMissing, broker.DomainProven, broker.DomainSilent})
}

// domainGivenUp drops a domain from a tenant: its proof goes with it, and it is free.
func domainGivenUp(t *testing.T, s Store) {
	must(t, s.ChangeRegistry(t.Context(), change(registry.Records{Tenants: []registry.Tenant{tenant("acme", "a.example", "b.example")}})))
	a, b := proven("acme", "a.example", approval()), proven("acme", "b.example", approval())
	must(t, s.ProveDomain(t.Context(), a))
	must(t, s.ProveDomain(t.Context(), b))
	must(t, s.ChangeRegistry(t.Context(), change(registry.Records{
		Tenants: []registry.Tenant{tenant("acme", "b.example"), tenant("globex", "a.example")},
	})))
	wantProven(t, s, b)
	a.Account = "globex"
	must(t, s.ProveDomain(t.Context(), a))
	wantProven(t, s, a, b)
}

func domainTokens(t *testing.T, s Store) {
	for _, step := range []struct {
		account     registry.Account
		fresh, want string
	}{{"acme", "one", "one"}, {"acme", "two", "one"}, {"globex", "three", "three"}} {
		token, err := s.DomainToken(t.Context(), step.account, step.fresh)
		must(t, err)
		same(t, token, step.want)
	}
}

package registry

import (
	"errors"
	"strings"
	"testing"
)

func TestInvalidate(t *testing.T) {
	seeded, _, _ := applied(t, empty(t), parsed(t, acmeFile, acmeEnv()), planning(day))
	store := &memory{records: recordsOf(seeded)}
	r, err := Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	before := r.Snapshot()
	store.records.Tenants[0].Name = "Renamed"
	if err := r.Invalidate(t.Context(), "revocation", "acme"); err != nil || r.Snapshot() != before {
		t.Fatalf("another kind reloads: %v", err)
	}
	if err := r.Invalidate(t.Context(), ChangeKind, "acme"); err != nil {
		t.Fatal(err)
	}
	if tenant, _ := r.Snapshot().Tenant("acme"); tenant.Name != "Renamed" {
		t.Errorf("after the change the tenant is %q", tenant.Name)
	}
	if tenant, _ := before.Tenant("acme"); tenant.Name != "Acme Support" {
		t.Errorf("the old snapshot changed to %q", tenant.Name)
	}

	good := r.Snapshot()
	store.err = errors.New("database is down")
	if err := r.Invalidate(t.Context(), ChangeKind, "acme"); !errors.Is(err, store.err) || r.Snapshot() != good {
		t.Errorf("a failed load gives %v, or loses the snapshot", err)
	}
	store.err = nil
	store.records.Clients[0].RedirectURIs = []string{"http://evil.example/"}
	if err := r.Invalidate(t.Context(), ChangeKind, "acme"); err == nil || r.Snapshot() != good {
		t.Errorf("an invalid record gives %v, or loses the snapshot", err)
	}
}

func TestNewSnapshotNamesEveryFault(t *testing.T) {
	seeded, _, _ := applied(t, empty(t), parsed(t, acmeFile, acmeEnv()), planning(day))
	if _, err := NewSnapshot(recordsOf(seeded)); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	r := recordsOf(proven(t, seeded, "acme.example"))
	rival := r.Tenants[0]
	rival.Account = "rival"
	r.Tenants = append(r.Tenants, rival)
	r.Clients[0].AccessTokenLifetime = 0
	r.Clients = append(r.Clients, r.Clients[1])
	r.Connections[0].Account = "nobody"
	r.Connections[0].OIDC = nil
	_, err := NewSnapshot(r)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`tenant "rival": domains: "acme.example" belongs to tenant "acme"`,
		`client "agent-app": access_token_lifetime: 0s is not between`,
		`client "sbc": id: is there twice`,
		`connection "corp" of tenant "nobody": account: there is no tenant "nobody"`,
		`connection "corp" of tenant "nobody": issuer: is required`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not among the faults:\n%v", want, err)
		}
	}
}

package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

func tenant(name registry.Account, domains ...string) registry.Tenant {
	t := registry.Tenant{Account: name, Name: string(name) + " Support", Enabled: true, LegacyTenant: "10010"}
	for _, d := range domains {
		t.Domains = append(t.Domains, registry.Domain{Name: d})
	}
	return t
}

func client(name registry.Account, clientID string) registry.Client {
	return registry.Client{ID: clientID, Account: name, Name: clientID, Enabled: true, AccessTokenLifetime: time.Minute}
}

func connection(name registry.Account, connectionID string) registry.Connection {
	return registry.Connection{
		ID: connectionID, Account: name, Name: connectionID, Type: "oidc",
		OIDC: &registry.OIDC{Issuer: "https://idp.example", ClientID: "pb", SealedSecret: []byte{1, 2}},
	}
}

// change fills in who did it and when.
func change(save registry.Records) registry.Change {
	return registry.Change{Save: save, By: "cli:ana", At: now()}
}

func wantRecords(t *testing.T, s Store, want registry.Records) {
	t.Helper()
	got, err := s.LoadRegistry(t.Context())
	must(t, err)
	anyOrder := []cmp.Option{
		cmpopts.SortSlices(func(a, b registry.Tenant) bool { return a.Account < b.Account }),
		cmpopts.SortSlices(func(a, b registry.Client) bool { return a.ID < b.ID }),
		cmpopts.SortSlices(func(a, b registry.Connection) bool {
			return a.Account+registry.Account(a.ID) < b.Account+registry.Account(b.ID)
		}),
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreUnexported(registry.Connection{}),
	}
	if diff := cmp.Diff(want, got, anyOrder...); diff != "" {
		t.Fatalf("registry differs (-want +got):\n%s", diff)
	}
}

func registryRoundTrip(t *testing.T, s Store) {
	wantRecords(t, s, registry.Records{})
	all := registry.Records{
		Tenants:     []registry.Tenant{tenant("acme", "acme.example"), tenant("globex")},
		Clients:     []registry.Client{client("acme", "agent-app"), client("globex", "desk")},
		Connections: []registry.Connection{connection("acme", "corp"), connection("globex", "corp")},
	}
	for range 2 { // saving what is there is no error
		must(t, s.ChangeRegistry(t.Context(), change(all)))
		wantRecords(t, s, all)
	}
	events := allEvents(t, s)
	kinds := map[broker.EventKind]int{}
	for _, e := range events {
		if e.Actor != "cli:ana" || e.Account == "" {
			t.Errorf("event %+v names no actor or no account", e)
		}
		kinds[e.Kind]++
	}
	same(t, kinds, map[broker.EventKind]int{broker.TenantSaved: 4, broker.ClientSaved: 4, broker.ConnectionSaved: 4})

	changes := get(t, s.Changes, time.Time{})
	told := map[string]int{}
	for _, c := range changes {
		told[c.Kind+" "+c.Subject]++
	}
	same(t, told, map[string]int{registry.ChangeKind + " acme": 2, registry.ChangeKind + " globex": 2})
}

func registryUnique(t *testing.T, s Store) {
	before := registry.Records{
		Tenants: []registry.Tenant{tenant("acme", "acme.example"), tenant("globex")},
		Clients: []registry.Client{client("acme", "agent-app")},
	}
	must(t, s.ChangeRegistry(t.Context(), change(before)))
	err := s.ChangeRegistry(t.Context(), change(registry.Records{
		Tenants: []registry.Tenant{tenant("initech")}, Clients: []registry.Client{client("globex", "agent-app")},
	}))
	wantErr(t, err, registry.ErrTaken)
	if !strings.Contains(err.Error(), `"agent-app"`) {
		t.Errorf("error %q does not name the client", err)
	}
	wantRecords(t, s, before)
	// Whoever likes may claim a domain.
	must(t, s.ChangeRegistry(t.Context(), change(registry.Records{Tenants: []registry.Tenant{tenant("globex", "acme.example")}})))
}

func registryDeletes(t *testing.T, s Store) {
	must(t, s.ChangeRegistry(t.Context(), change(registry.Records{
		Clients:     []registry.Client{client("acme", "agent-app"), client("acme", "sbc")},
		Connections: []registry.Connection{connection("acme", "corp"), connection("globex", "corp")},
	})))
	must(t, s.ChangeRegistry(t.Context(), registry.Change{
		DeleteClients: []string{"agent-app", "unknown"}, By: "cli:ana", At: now(),
		DeleteConnections: []registry.ConnectionKey{{Account: "globex", ID: "corp"}, {Account: "acme", ID: "unknown"}},
	}))
	wantRecords(t, s, registry.Records{
		Clients: []registry.Client{client("acme", "sbc")}, Connections: []registry.Connection{connection("acme", "corp")},
	})
	deleted := map[broker.EventKind]string{}
	for _, e := range allEvents(t, s) {
		if e.Kind == broker.ClientDeleted || e.Kind == broker.ConnectionDeleted {
			deleted[e.Kind] += string(e.Account) + " " + e.ClientID + e.Detail["connection"]
		}
	}
	same(t, deleted, map[broker.EventKind]string{broker.ClientDeleted: "acme agent-app", broker.ConnectionDeleted: "globex corp"})
	// A client id that was given up is free.
	must(t, s.ChangeRegistry(t.Context(), change(registry.Records{Clients: []registry.Client{client("globex", "agent-app")}})))
}

package sqlstore

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

const (
	selectTenants     query = `/* select_tenants */ SELECT body FROM pb_tenants`
	selectClients     query = `/* select_clients */ SELECT body FROM pb_clients`
	selectConnections query = `/* select_connections */ SELECT body FROM pb_connections`

	clientAccount    query = `/* client_account */ SELECT account FROM pb_clients WHERE id = ?`
	deleteClient     query = `/* delete_client */ DELETE FROM pb_clients WHERE id = ?`
	deleteConnection query = `/* delete_connection */ DELETE FROM pb_connections WHERE account = ? AND id = ?`
)

// LoadRegistry implements registry.Store.
func (s *Store) LoadRegistry(ctx context.Context) (registry.Records, error) {
	var all registry.Records
	err := s.read(ctx, func(ctx context.Context, c conn) (err error) {
		if all.Tenants, err = bodies[registry.Tenant](ctx, c, selectTenants); err != nil {
			return err
		}
		if all.Clients, err = bodies[registry.Client](ctx, c, selectClients); err != nil {
			return err
		}
		if all.Connections, err = bodies[registry.Connection](ctx, c, selectConnections); err != nil {
			return err
		}
		proven, err := c.provenDomains(ctx)
		prove(all.Tenants, proven)
		return err
	})
	return all, wrap(err, "read registry")
}

// prove gives the tenants' domains their proofs. A tenant that has given a domain up this moment has
// no place for its proof.
func prove(tenants []registry.Tenant, proven []registry.ProvenDomain) {
	for _, p := range proven {
		for _, t := range tenants {
			for i, d := range t.Domains {
				if t.Account == p.Account && d.Name == p.Name {
					t.Domains[i].Proof = p.Proof
				}
			}
		}
	}
}

func bodies[T any](ctx context.Context, c conn, q query) ([]T, error) {
	var all []T
	err := c.each(ctx, q, nil, func(rows *sql.Rows) error {
		var v T
		err := rows.Scan(toJSON{&v})
		all = append(all, v)
		return err
	})
	return all, err
}

// ChangeRegistry implements registry.Store. Deleting what is not there changes nothing and leaves
// no event.
func (s *Store) ChangeRegistry(ctx context.Context, c registry.Change) error {
	// Saving twice stores the same. The first event tells a retry after a lost COMMIT reply that the
	// change is made and audited.
	first := id.New()
	err := s.inDurableTx(ctx, func(ctx context.Context, t *tx) error {
		r := registryTx{tx: t, change: c, accounts: map[string]bool{}}
		for _, step := range []func(context.Context) error{
			r.deleteClients, r.deleteConnections, r.saveTenants, r.saveClients, r.saveConnections,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		if len(r.events) == 0 {
			return nil
		}
		r.events[0].ID = first
		if err := t.appendEvents(ctx, r.events); err != nil {
			return err
		}
		return t.change(ctx, registry.ChangeKind, slices.Sorted(maps.Keys(r.accounts))...)
	})
	return wrap(err, "change registry")
}

// A registryTx applies one change and remembers what to tell about it.
type registryTx struct {
	*tx
	change   registry.Change
	events   []broker.Event
	accounts map[string]bool // touched
}

// did notes one saved or deleted record.
func (r *registryTx) did(kind broker.EventKind, account registry.Account, clientID, connection string) {
	e := broker.Event{ID: id.New(), At: r.change.At, Kind: kind, Account: account, ClientID: clientID, Actor: r.change.By}
	if connection != "" {
		e.Detail = map[string]string{"connection": connection}
	}
	r.events = append(r.events, e)
	r.accounts[string(account)] = true
}

func (r *registryTx) deleteClients(ctx context.Context) error {
	for _, client := range r.change.DeleteClients {
		account, err := r.clientAccount(ctx, client)
		if err != nil {
			return err
		}
		n, err := r.exec(ctx, deleteClient, key(client))
		if err != nil {
			return err
		}
		if n > 0 {
			r.did(broker.ClientDeleted, account, client, "")
		}
	}
	return nil
}

func (r *registryTx) deleteConnections(ctx context.Context) error {
	for _, c := range r.change.DeleteConnections {
		n, err := r.exec(ctx, deleteConnection, key(c.Account), key(c.ID))
		if err != nil {
			return err
		}
		if n > 0 {
			r.did(broker.ConnectionDeleted, c.Account, "", c.ID)
		}
	}
	return nil
}

// clientAccount returns the account that holds a client id, or "".
func (r *registryTx) clientAccount(ctx context.Context, client string) (registry.Account, error) {
	var account registry.Account
	err := r.one(ctx, clientAccount, []any{key(client)}, toText[registry.Account]{&account})
	return account, ignoreNoRows(err)
}

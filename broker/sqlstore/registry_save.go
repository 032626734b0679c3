package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

const (
	updateTenant query = `/* update_tenant */ UPDATE pb_tenants SET body = ? WHERE account = ?`
	insertTenant query = `/* insert_tenant */ INSERT INTO pb_tenants (body, account) VALUES (?, ?)`

	updateClient query = `/* update_client */ UPDATE pb_clients SET body = ? WHERE id = ? AND account = ?`
	insertClient query = `/* insert_client */ INSERT INTO pb_clients (body, id, account) VALUES (?, ?, ?)`

	updateConnection query = `/* update_connection */ UPDATE pb_connections SET body = ? WHERE account = ? AND id = ?`
	insertConnection query = `/* insert_connection */ INSERT INTO pb_connections (body, account, id) VALUES (?, ?, ?)`
)

// errNotOurs means that a row with the key exists and the UPDATE does not match it: it is another's.
var errNotOurs = errors.New("key is taken")

// upsert writes a record whose parameters are the same for both statements.
func (t *tx) upsert(ctx context.Context, update, insert query, args ...any) error {
	n, err := t.exec(ctx, update, args...)
	if err != nil || n > 0 {
		return err
	}
	err = t.run(ctx, insert, args...)
	if !isDuplicate(err) {
		return err
	}
	n, err = t.exec(ctx, update, args...)
	if err == nil && n == 0 {
		return errNotOurs
	}
	return err
}

func (r *registryTx) saveTenants(ctx context.Context) error {
	for _, tenant := range r.change.Save.Tenants {
		body, err := encode(tenant)
		if err != nil {
			return err
		}
		if err := r.upsert(ctx, updateTenant, insertTenant, body, key(tenant.Account)); err != nil {
			return fmt.Errorf("tenant %q: %w", tenant.Account, err)
		}
		if err := r.dropDomains(ctx, tenant); err != nil {
			return err
		}
		r.did(broker.TenantSaved, tenant.Account, "", "")
	}
	return nil
}

func (r *registryTx) saveClients(ctx context.Context) error {
	for _, client := range r.change.Save.Clients {
		body, err := encode(client)
		if err != nil {
			return err
		}
		err = r.upsert(ctx, updateClient, insertClient, body, key(client.ID), key(client.Account))
		if errors.Is(err, errNotOurs) {
			return fmt.Errorf("client %q of tenant %q: %w", client.ID, client.Account, registry.ErrTaken)
		}
		if err != nil {
			return fmt.Errorf("client %q: %w", client.ID, err)
		}
		r.did(broker.ClientSaved, client.Account, client.ID, "")
	}
	return nil
}

func (r *registryTx) saveConnections(ctx context.Context) error {
	for _, c := range r.change.Save.Connections {
		body, err := encode(c)
		if err != nil {
			return err
		}
		if err := r.upsert(ctx, updateConnection, insertConnection, body, key(c.Account), key(c.ID)); err != nil {
			return fmt.Errorf("connection %q of tenant %q: %w", c.ID, c.Account, err)
		}
		r.did(broker.ConnectionSaved, c.Account, "", c.ID)
	}
	return nil
}

func ignoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

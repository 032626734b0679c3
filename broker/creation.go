package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// A Creation is a user who is being made in a directory that keeps no links. It is recorded when the row
// is inserted and before that is committed, and goes when the link is there: a crash between the two
// would leave a row that looks like anybody's, and a person who is told for ever that their login is
// taken.
type Creation struct {
	// Key is the hash of account, connection and external id.
	Key    grant.Hash
	UserID mapping.UserID
	// Fingerprint is that of the row as it was inserted.
	Fingerprint grant.Hash
	CreatedAt   time.Time
}

// CreationStore keeps creations. Each method is one transaction.
type CreationStore interface {
	// RecordCreation stores a creation, in the place of one with the same Key.
	RecordCreation(context.Context, Creation) error
	// Creation returns what was recorded for a key, or ErrNotFound.
	Creation(context.Context, grant.Hash) (Creation, error)
	// CompleteCreation stores the link of a user who was made, as Settle does, and forgets the creation.
	// The events are stored by the first call only.
	CompleteCreation(context.Context, Creation, Link, []Event) error
}

func creationKey(account registry.Account, key mapping.LinkKey) grant.Hash {
	return grant.HashOf("creation\x00" + string(account) + "\x00" + key.Connection + "\x00" + key.ExternalID)
}

// fingerprint is of what nobody changes but whoever takes a row for their own: not whether it is switched
// off, nor when it was touched.
func fingerprint(u mapping.User) (grant.Hash, error) {
	u.Active, u.UpdatedAt, u.PasswordChangedAt = false, time.Time{}, u.PasswordChangedAt.UTC()
	text, err := json.Marshal(u)
	return grant.HashOf("row\x00" + string(text)), err
}

// create makes the user of an identity, and links them at once, before anything about the login can
// fail: a user without the link would have nobody who can log in as them.
func (e *Engine) create(ctx context.Context, tenant *registry.Tenant, identity mapping.Identity, u mapping.NewUser, l Login) (mapping.User, error) {
	link, err := newLink(tenant, identity, "", l)
	if err != nil {
		return mapping.User{}, err
	}
	ctx = context.WithoutCancel(ctx)
	keeps := e.Directory.KeepsLinks()
	creation := Creation{Key: creationKey(tenant.Account, link.Key), CreatedAt: l.At}
	made, err := e.Directory.Create(ctx, tenant.LegacyTenant, u, link.Key, func(row mapping.User) (err error) {
		if keeps {
			return nil
		}
		creation.UserID = row.ID
		if creation.Fingerprint, err = fingerprint(row); err != nil {
			return err
		}
		return e.Creations.RecordCreation(ctx, creation)
	})
	if err != nil {
		return mapping.User{}, err
	}
	link.UserID = made.ID
	if keeps {
		for _, event := range creationEvents(l, link, made) {
			e.Events.Append(event)
		}
		return made, nil
	}
	return made, e.Creations.CompleteCreation(ctx, creation, link, creationEvents(l, link, made))
}

// finish links a user who was made for the identity and has no link yet. A row that is not the very one
// that was inserted then is somebody else's, and stays theirs.
func (e *Engine) finish(ctx context.Context, tenant *registry.Tenant, identity mapping.Identity, l Login) error {
	link, err := newLink(tenant, identity, "", l)
	if err != nil {
		return nil //nolint:nilerr // nobody is made without an external id
	}
	creation, err := e.Creations.Creation(ctx, creationKey(tenant.Account, link.Key))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := e.Directory.Find(ctx, tenant.LegacyTenant, mapping.Query{By: mapping.ByID, Value: string(creation.UserID)})
	if err != nil || len(rows) != 1 {
		return err
	}
	if now, err := fingerprint(rows[0]); err != nil || now != creation.Fingerprint {
		return err
	}
	link.UserID = creation.UserID
	err = e.Creations.CompleteCreation(context.WithoutCancel(ctx), creation, link, creationEvents(l, link, rows[0]))
	if errors.Is(err, mapping.ErrLinkExists) { // somebody has linked one of the two by hand
		return nil
	}
	if err != nil {
		return fmt.Errorf("linking the user who was made before: %w", err)
	}
	return nil
}

func creationEvents(l Login, link Link, made mapping.User) []Event {
	l.UserID = made.ID
	created := linkEvent(l, link)
	created.ID, created.Kind = id.New(), UserCreated
	created.Detail = map[string]string{"connection": link.Key.Connection, "login": made.Username}
	return []Event{created, linkEvent(l, link)}
}

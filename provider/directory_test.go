package provider_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/mapping"
)

// errDown is what a directory says whose database does not answer.
var errDown = errors.New("legacy database is down")

// A directory is a legacy database of which tests say what is in it, and whether it answers. It
// keeps no cache; asked counts what would have been statements past one.
type directory struct {
	mu      sync.Mutex
	users   map[mapping.UserID]mapping.User
	details map[mapping.UserID]mapping.Details
	down    bool
	hang    bool // as down, but only after the caller has given up
	// keepsLinks makes it the place of links, of which it has none; linksDown fails questions for them.
	keepsLinks, linksDown bool
	queries               []string
}

var _ broker.Directory = (*directory)(nil)

const password = "correct horse battery staple"

func newDirectory() *directory {
	d := &directory{users: map[mapping.UserID]mapping.User{}, details: map[mapping.UserID]mapping.Details{}}
	d.put(mapping.User{
		ID: "4711", Tenant: "10010", Username: "ana", Active: true, Email: "ana.hansen@acme.example", EmailVerified: true,
		GivenName: "Ana", FamilyName: "Hansen", Locale: "nb", Type: "person", Group: "Support",
	}, mapping.Details{
		Roles: []string{"agent"}, Permissions: []string{"calls.answer"}, Groups: []string{"first line"},
		Softphones:    []mapping.Softphone{{Address: "sip:4711@PBX.acme.example;transport=tls", Default: true}},
		Configuration: map[string]string{"queue": "sales"},
	})
	d.put(mapping.User{ID: "4718", Tenant: "10010", Username: "hege", Active: true, Type: "person"}, mapping.Details{})
	d.put(mapping.User{ID: "4719", Tenant: "10010", Username: "ivar", Active: true, Type: "person"}, mapping.Details{
		Softphones: []mapping.Softphone{{Address: "1@pbx.acme.example"}, {Address: "2@pbx.acme.example"}},
	})
	d.put(mapping.User{ID: "4721", Tenant: "10010", Username: "kari", Active: true, Type: "person"}, mapping.Details{
		Softphones: []mapping.Softphone{{Address: "sip:4721@elsewhere.example"}},
	})
	d.put(mapping.User{ID: "5711", Tenant: "10020", Username: "ana", Active: true, Type: "person"}, mapping.Details{
		Softphones: []mapping.Softphone{{Address: "sip:5711@pbx.globex.example"}},
	})
	return d
}

func (d *directory) put(u mapping.User, details mapping.Details) {
	d.users[u.ID], d.details[u.ID] = u, details
}

// edit changes a row.
func (d *directory) edit(id mapping.UserID, change func(*mapping.User)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.users[id]
	change(&u)
	d.users[id] = u
}

func (d *directory) fail(down bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = down
}

func (d *directory) stall(hang bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hang = hang
}

func (d *directory) asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queries
	d.queries = nil
	return q
}

func (d *directory) rows(ctx context.Context, statement string, match func(mapping.User) bool) ([]mapping.User, error) {
	d.mu.Lock()
	hang := d.hang
	d.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if statement != "" {
		d.queries = append(d.queries, statement)
	}
	if d.down {
		return nil, errDown
	}
	var found []mapping.User
	for _, u := range d.users {
		if match(u) {
			found = append(found, u)
		}
	}
	return found, nil
}

func (d *directory) Find(ctx context.Context, tenant mapping.TenantKey, q mapping.Query) ([]mapping.User, error) {
	return d.rows(ctx, "find by "+string(q.By), func(u mapping.User) bool {
		return u.Tenant == tenant && (q.By == mapping.ByID && string(u.ID) == q.Value || q.By == mapping.ByLogin && u.Username == q.Value)
	})
}

func (d *directory) Authenticate(ctx context.Context, tenant mapping.TenantKey, login, pw string) (mapping.User, error) {
	found, err := d.rows(ctx, "authenticate", func(u mapping.User) bool { return u.Tenant == tenant && u.Username == login })
	switch {
	case err != nil:
		return mapping.User{}, err
	case len(found) == 0:
		return mapping.User{}, mapping.ErrNoUser
	case pw != password:
		return found[0], mapping.ErrWrongPassword
	}
	return found[0], nil
}

func (d *directory) User(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID) (mapping.User, error) {
	found, err := d.rows(ctx, "", func(u mapping.User) bool { return u.Tenant == tenant && u.ID == id })
	switch {
	case err != nil:
		return mapping.User{}, err
	case len(found) == 0:
		return mapping.User{}, mapping.ErrNoUser
	}
	return found[0], nil
}

func (d *directory) Details(ctx context.Context, tenant mapping.TenantKey, id mapping.UserID, parts mapping.Parts) (mapping.Details, error) {
	if _, err := d.User(ctx, tenant, id); err != nil {
		return mapping.Details{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	all, out := d.details[id], mapping.Details{}
	if parts&mapping.Roles != 0 {
		out.Roles, out.Permissions = slices.Clone(all.Roles), slices.Clone(all.Permissions)
	}
	if parts&mapping.Groups != 0 {
		out.Groups = slices.Clone(all.Groups)
	}
	if parts&mapping.Softphones != 0 {
		out.Softphones = slices.Clone(all.Softphones)
	}
	if parts&mapping.Configuration != 0 {
		out.Configuration = all.Configuration
	}
	return out, nil
}

func (d *directory) KeepsLinks() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keepsLinks
}

func (d *directory) LinkedConnections(context.Context, mapping.TenantKey, mapping.UserID) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.keepsLinks || d.linksDown {
		return nil, errors.New("the directory tells of no links")
	}
	return nil, nil
}

func (d *directory) Link(context.Context, mapping.TenantKey, mapping.LinkKey, mapping.UserID) error {
	return errors.New("this directory keeps no links")
}

func (d *directory) Relink(context.Context, mapping.TenantKey, mapping.LinkKey, mapping.UserID, mapping.Replacement) error {
	return errors.New("this directory keeps no links")
}

func (d *directory) Create(context.Context, mapping.TenantKey, mapping.NewUser, mapping.LinkKey, func(mapping.User) error) (mapping.User, error) {
	return mapping.User{}, errors.New("nobody is created in this directory")
}

package broker_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/patchbay-auth/patchbay/mapping"
)

const anaPassword = "demo-ana-4711"

// people is a legacy database that tests control.
type people struct {
	mu        sync.Mutex
	rows      []mapping.User
	passwords map[mapping.UserID]string
	keeps     bool // links
	links     map[mapping.LinkKey]mapping.UserID
	staff     map[mapping.UserID]string // the column behind user_by_staff_number
	// down, when set, is the error of every call.
	down error
	// linksDown, when set, is the error of LinkedConnections alone.
	linksDown error
	// asked is how many passwords were verified.
	asked int
	// hashing, when set, runs while a password is verified.
	hashing func()
}

func newPeople() *people {
	person := func(id mapping.UserID, name string) mapping.User {
		return mapping.User{ID: id, Tenant: "10010", Username: name, Active: true, Email: name + "@acme.example"}
	}
	p := &people{
		links: map[mapping.LinkKey]mapping.UserID{},
		passwords: map[mapping.UserID]string{
			"4711": anaPassword, "4712": "demo-bo-4712", "4717": "demo-gro-4717", "4720": "demo-jon-4720", "5711": "demo-ana-5711",
		},
	}
	gro, jon, other := person("4717", "gro"), person("4720", "jon"), person("5711", "ana")
	gro.Active, jon.FederatedOnly, other.Tenant = false, true, "10020"
	elsewhere := person("4711", "somebody else") // where ids are per tenant
	elsewhere.Tenant = "10020"
	twin := person("4731", "twin")
	p.rows = []mapping.User{person("4711", "ana"), person("4712", "bo"), gro, jon, other, elsewhere, twin, twin}
	p.rows[len(p.rows)-1].ID = "4732"
	return p
}

// edit changes the row of a user.
func (p *people) edit(id mapping.UserID, change func(*mapping.User)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.rows {
		if p.rows[i].ID == id {
			change(&p.rows[i])
		}
	}
}

func (p *people) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = err
}

func (p *people) Find(_ context.Context, tenant mapping.TenantKey, q mapping.Query) ([]mapping.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.find(tenant, q), p.down
}

func (p *people) find(tenant mapping.TenantKey, q mapping.Query) []mapping.User {
	return slices.DeleteFunc(slices.Clone(p.rows), func(u mapping.User) bool {
		matches := false
		switch q.By {
		case mapping.ByID:
			matches = string(u.ID) == q.Value
		case mapping.ByLogin:
			matches = u.Username == q.Value
		case mapping.ByEmail:
			matches = u.Email == q.Value
		case mapping.ByStatement:
			matches = q.Statement == "user_by_staff_number" && p.staff[u.ID] == q.Value
		case mapping.ByExternalID:
			matches = p.links[mapping.LinkKey{Connection: q.Connection, ExternalID: q.Value}] == u.ID
		}
		return u.Tenant != tenant || !matches || p.down != nil
	})
}

func (p *people) Authenticate(_ context.Context, tenant mapping.TenantKey, login, password string) (mapping.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if p.hashing != nil {
		p.hashing()
	}
	if p.down != nil {
		return mapping.User{}, p.down
	}
	found := p.find(tenant, mapping.Query{By: mapping.ByLogin, Value: login})
	switch {
	case len(found) == 0:
		return mapping.User{}, mapping.ErrNoUser
	case len(found) > 1:
		return mapping.User{}, mapping.ErrAmbiguous
	case p.passwords[found[0].ID] != password:
		return found[0], mapping.ErrWrongPassword
	}
	return found[0], nil
}

func (p *people) User(_ context.Context, tenant mapping.TenantKey, id mapping.UserID) (mapping.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return mapping.User{}, p.down
	}
	found := p.find(tenant, mapping.Query{By: mapping.ByID, Value: string(id)})
	if len(found) == 0 {
		return mapping.User{}, mapping.ErrNoUser
	}
	return found[0], nil
}

func (p *people) Details(context.Context, mapping.TenantKey, mapping.UserID, mapping.Parts) (mapping.Details, error) {
	return mapping.Details{}, nil
}

func (p *people) KeepsLinks() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keeps
}

func (p *people) Link(_ context.Context, _ mapping.TenantKey, key mapping.LinkKey, id mapping.UserID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		return p.down
	}
	for other, holder := range p.links {
		if (other == key) != (holder == id) && other.Connection == key.Connection {
			return mapping.ErrLinkExists
		}
	}
	p.links[key] = id
	return nil
}

func (p *people) Relink(ctx context.Context, tenant mapping.TenantKey, key mapping.LinkKey, id mapping.UserID, r mapping.Replacement) error {
	p.mu.Lock()
	for other, holder := range p.links {
		if holder == id && other.Connection == key.Connection && (r.Previous == "" || r.Previous == other.ExternalID) {
			delete(p.links, other)
		}
	}
	p.mu.Unlock()
	return p.Link(ctx, tenant, key, id)
}

func (p *people) Create(_ context.Context, tenant mapping.TenantKey, u mapping.NewUser, key mapping.LinkKey, shown func(mapping.User) error) (mapping.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.find(tenant, mapping.Query{By: mapping.ByLogin, Value: u.Login})) > 0 {
		return mapping.User{}, mapping.ErrLoginTaken
	}
	made := mapping.User{
		ID: mapping.UserID("made-" + u.Login), Tenant: tenant, Username: u.Login, Active: true, Email: u.Email, GivenName: u.GivenName,
	}
	if err := shown(made); err != nil {
		return mapping.User{}, err
	}
	p.rows = append(p.rows, made)
	if p.keeps {
		p.links[key] = made.ID
	}
	return made, p.down
}

func (p *people) LinkedConnections(_ context.Context, _ mapping.TenantKey, id mapping.UserID) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for key, holder := range p.links {
		if holder == id {
			all = append(all, key.Connection)
		}
	}
	return all, errors.Join(p.down, p.linksDown)
}

// add puts one more person in, with a password.
func (p *people) add(u mapping.User, password string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = append(p.rows, u)
	p.passwords[u.ID] = password
}

// rename gives a user of acme another login.
func (p *people) rename(id mapping.UserID, login string) {
	p.edit(id, func(u *mapping.User) {
		if u.Tenant == "10010" {
			u.Username = login
		}
	})
}

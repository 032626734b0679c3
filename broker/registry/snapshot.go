package registry

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// A Snapshot is the whole registry at one moment. It and everything it returns must not be changed.
type Snapshot struct {
	tenants     map[Account]*Tenant
	clients     map[string]*Client
	connections map[Account][]*Connection
	ordered     []*Tenant
	domains     map[string]Account // verified ones
	customers   map[string]Account // by customer number
	origins     map[string]map[Account]bool
	enforces    bool
}

// NewSnapshot validates records and indexes a copy of them. The error joins every fault.
func NewSnapshot(records Records) (*Snapshot, error) {
	s := &Snapshot{
		tenants:     map[Account]*Tenant{},
		clients:     map[string]*Client{},
		connections: map[Account][]*Connection{},
		domains:     map[string]Account{},
		customers:   map[string]Account{},
		origins:     map[string]map[Account]bool{},
	}
	var faults []error
	for _, t := range records.Tenants {
		faults = append(faults, s.addTenant(t)...)
	}
	for _, c := range records.Clients {
		faults = append(faults, s.addClient(c)...)
	}
	for _, c := range records.Connections {
		faults = append(faults, s.addConnection(c)...)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	slices.SortFunc(s.ordered, func(a, b *Tenant) int { return cmp.Compare(a.Account, b.Account) })
	for _, list := range s.connections {
		slices.SortFunc(list, func(a, b *Connection) int { return cmp.Compare(a.ID, b.ID) })
	}
	return s, nil
}

// gather returns a report that appends to faults, each introduced by what the record is.
func gather(faults *[]error, format string, args ...any) report {
	record := fmt.Sprintf(format, args...)
	return func(path, format string, args ...any) {
		*faults = append(*faults, fmt.Errorf("%s: %s: %w", record, path, fmt.Errorf(format, args...)))
	}
}

func (s *Snapshot) addTenant(t Tenant) (faults []error) {
	report := gather(&faults, "tenant %q", t.Account)
	checkTenant(&t, report)
	if s.tenants[t.Account] != nil {
		report("account", "is there twice")
	}
	for _, d := range t.Domains {
		if other, taken := s.domains[d.Name]; taken && d.Verified() {
			report("domains", "%q belongs to tenant %q", d.Name, other)
		} else if d.Verified() {
			s.domains[d.Name] = t.Account
		}
	}
	if other, taken := s.customers[t.customerNumber()]; !taken {
		s.customers[t.customerNumber()] = t.Account
	} else if t.CustomerNumber != "" {
		report("customer_number", "%q belongs to tenant %q", t.CustomerNumber, other)
	}
	s.tenants[t.Account] = &t
	s.ordered = append(s.ordered, &t)
	return faults
}

func (s *Snapshot) addClient(c Client) (faults []error) {
	report := gather(&faults, "client %q", c.ID)
	checkClient(&c, report)
	if s.clients[c.ID] != nil {
		report("id", "is there twice")
	}
	if tenant := s.tenants[c.Account]; tenant != nil {
		checkSolutions(&c, tenant, report)
	} else if !c.Platform() {
		report("account", "there is no tenant %q", c.Account)
	}
	s.clients[c.ID] = &c
	s.addOrigins(&c)
	return faults
}

func (s *Snapshot) addConnection(c Connection) (faults []error) {
	report := gather(&faults, "connection %q of tenant %q", c.ID, c.Account)
	checkConnection(&c, report)
	if tenant := s.tenants[c.Account]; tenant != nil {
		checkRouting(&c, tenant, report)
	} else {
		report("account", "there is no tenant %q", c.Account)
	}
	checkRivals(&c, s.connections[c.Account], report)
	if _, taken := s.Connection(c.Account, c.ID); taken {
		report("id", "is there twice")
	}
	s.connections[c.Account] = append(s.connections[c.Account], &c)
	if tenant := s.tenants[c.Account]; tenant != nil && tenant.Enabled && c.Enabled && c.Enforce {
		s.enforces = s.enforces || slices.ContainsFunc(c.Domains, tenant.Owns)
	}
	return faults
}

// Tenant returns the tenant of that exact account.
func (s *Snapshot) Tenant(account Account) (*Tenant, bool) {
	t, ok := s.tenants[account]
	return t, ok
}

// Tenants returns all tenants by account.
func (s *Snapshot) Tenants() []*Tenant { return slices.Clone(s.ordered) }

// DomainOwner returns the tenant that has the domain, in any case, as a verified one. For what people
// type, take its CanonicalDomain.
func (s *Snapshot) DomainOwner(domain string) (Account, bool) {
	account, ok := s.domains[foldASCII(domain)]
	return account, ok
}

// CustomerNumberOwner returns the tenant that people call by that number.
func (s *Snapshot) CustomerNumberOwner(number string) (Account, bool) {
	account, ok := s.customers[number]
	return account, ok
}

// Client returns a client by its id in any spelling of ASCII case.
func (s *Snapshot) Client(id string) (*Client, bool) {
	if c, ok := s.clients[id]; ok {
		return c, true
	}
	c, ok := s.clients[foldASCII(id)]
	return c, ok
}

// Clients returns the clients of a tenant, or with an empty account those of the platform, by id.
func (s *Snapshot) Clients(account Account) []*Client {
	var list []*Client
	for _, c := range s.clients {
		if c.Account == account {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *Client) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Connection returns a tenant's connection by its exact id, enabled or not.
func (s *Snapshot) Connection(account Account, id string) (*Connection, bool) {
	for _, c := range s.connections[account] {
		if c.ID == id {
			return c, true
		}
	}
	return nil, false
}

// EnforcesAnywhere reports whether some tenant has a connection that enforces single sign-on for a
// verified domain.
func (s *Snapshot) EnforcesAnywhere() bool { return s.enforces }

// DomainConnection returns the enabled connection to which the people of a verified domain of the
// tenant belong.
func (s *Snapshot) DomainConnection(account Account, domain string) (*Connection, bool) {
	if t, ok := s.tenants[account]; !ok || !t.Owns(domain) {
		return nil, false
	}
	return s.connectionWhere(account, func(c *Connection) bool { return c.Enabled && slices.Contains(c.Domains, domain) })
}

// DefaultConnection returns the enabled connection for people whose user name tells nothing.
func (s *Snapshot) DefaultConnection(account Account) (*Connection, bool) {
	return s.connectionWhere(account, func(c *Connection) bool { return c.Enabled && c.Default })
}

func (s *Snapshot) connectionWhere(account Account, is func(*Connection) bool) (*Connection, bool) {
	if i := slices.IndexFunc(s.connections[account], is); i >= 0 {
		return s.connections[account][i], true
	}
	return nil, false
}

// Connections returns the connections of a tenant by id, enabled or not.
func (s *Snapshot) Connections(account Account) []*Connection {
	return slices.Clone(s.connections[account])
}

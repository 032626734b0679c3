package registry

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

// A Sealer seals the secrets that patchbay must be able to read again: those it has at upstream
// identity providers. The second argument is additional data; see SecretContext.
type Sealer interface {
	Seal(plaintext, context []byte) ([]byte, error)
	Open(sealed, context []byte) ([]byte, error)
}

// Planning says how to turn a file into a change.
type Planning struct {
	// ByTenantAdmin refuses what only a platform administrator may do; see planner.powers. Zero means
	// that the platform administrator plans.
	ByTenantAdmin bool
	// Prune removes the tenant's clients and connections that the file does not name.
	Prune bool
	// By is who applies it; see Change.By.
	By  string
	Now time.Time
	// Sealer may be nil as long as no connection has a client secret.
	Sealer Sealer
}

// Plan compares a file with the snapshot and returns the change that makes the registry agree with
// it, holding only the records that differ, and a line for each. A client or connection that the
// file names is replaced as a whole, except that secrets it does not speak of stay; a secret given
// as text that is stored already keeps its row. A domain that the tenant has proven stays proven for
// as long as the file names it; a new one is a claim.
//
// The error is yamlfault.Faults where the file cannot be applied to this snapshot.
func (s *Snapshot) Plan(file TenantFile, p Planning) (Change, []DiffLine, error) {
	plan := planner{
		Planning: p, old: s, file: file, account: file.Tenant.Account, source: file.source.Fork(),
		change: Change{By: p.By, At: p.Now},
	}
	if p.ByTenantAdmin {
		plan.powers()
	}
	if !file.Platform() {
		plan.tenant(file.Tenant)
		plan.solutions()
	}
	plan.routing()
	for i, c := range file.clients {
		plan.client(fmt.Sprintf("clients[%d]", i), c)
	}
	for i, c := range file.connections {
		plan.connection(fmt.Sprintf("connections[%d]", i), c)
	}
	if p.Prune {
		plan.prune()
	}
	if err := plan.source.Err(); err != nil {
		return Change{}, nil, err
	}
	return plan.change, plan.lines, nil
}

// Empty reports whether the change changes nothing.
func (c Change) Empty() bool {
	return len(c.Save.Tenants)+len(c.Save.Clients)+len(c.Save.Connections)+
		len(c.DeleteClients)+len(c.DeleteConnections) == 0
}

type planner struct {
	Planning
	old     *Snapshot
	file    TenantFile
	account Account
	source  *yamlfault.File
	change  Change
	lines   []DiffLine
}

func (p *planner) tenant(t Tenant) {
	old, known := p.old.Tenant(t.Account)
	t.Domains = slices.Clone(t.Domains)
	for i, d := range t.Domains {
		if owner, taken := p.old.DomainOwner(d.Name); taken && owner != t.Account {
			p.source.Fault(fmt.Sprintf("domains[%d]", i), "%q belongs to tenant %q", d.Name, owner)
		} else if taken {
			t.Domains[i].Proof = proofOf(old, d.Name)
		}
	}
	var before outline
	if known {
		before = outlineTenant(old)
	}
	if p.differs("tenant "+string(t.Account), known, before, outlineTenant(&t), false, "") {
		p.change.Save.Tenants = append(p.change.Save.Tenants, t)
	}
}

// solutions refuses to give the tenant another key in the legacy database while clients that the file
// does not name have product access under the old one.
func (p *planner) solutions() {
	for _, c := range p.old.Clients(p.account) {
		if p.Prune || p.file.names(c.ID) {
			continue
		}
		checkSolutions(c, &p.file.Tenant, func(string, string, ...any) {
			p.source.Fault("legacy_tenant", "client %q has product access under another one: name it in the file too", c.ID)
		})
	}
}

// routing refuses a file after which two connections would claim the same people, or a connection
// that it does not name would lead people of a domain that the tenant gave up.
func (p *planner) routing() {
	var all []*Connection
	for i := range p.file.connections {
		all = append(all, &p.file.connections[i].Connection)
	}
	for _, c := range p.old.Connections(p.account) {
		if p.Prune || p.file.namesConnection(c.ID) {
			continue
		}
		all = append(all, c)
		checkRouting(c, &p.file.Tenant, func(path, format string, args ...any) {
			p.source.Fault("domains", "connection %q leads people of a domain that is not here any more: name it in the file too", c.ID)
		})
	}
	for i, c := range p.file.connections {
		checkRivals(&c.Connection, all, within(p.source, fmt.Sprintf("connections[%d]", i)))
	}
}

func proofOf(t *Tenant, domain string) Proof {
	for _, d := range t.Domains {
		if d.Name == domain {
			return d.Proof
		}
	}
	return Proof{}
}

func (p *planner) client(path string, f fileClient) {
	c := f.Client
	old, known := p.old.Client(c.ID)
	switch {
	case known && old.Account != p.account && old.Platform():
		p.source.Fault(path+".id", "%q belongs to the platform", c.ID)
		return
	case known && old.Account != p.account:
		p.source.Fault(path+".id", "%q belongs to another tenant", c.ID)
		return
	}
	var before outline
	var kept []ClientSecret
	if known {
		before, kept = outlineClient(old), old.Secrets
	}
	switch {
	case c.Public():
	case f.keepSecrets:
		c.Secrets = kept
	default:
		c.Secrets = p.secrets(path, f.secrets, kept)
	}
	if !c.Public() && len(c.Secrets) == 0 {
		p.source.Fault(path+".secrets", "is required: a client with require_secret: true needs at least one")
	}
	p.exchanged(path, &c)
	secretsDiffer := known && !slices.EqualFunc(kept, c.Secrets, sameSecret)
	if p.differs("client "+c.ID, known, before, outlineClient(&c), secretsDiffer, "secrets: "+secretChanges(kept, c.Secrets)) {
		p.change.Save.Clients = append(p.change.Save.Clients, c)
	}
}

// exchanged refuses connections that the tenant will not have.
func (p *planner) exchanged(path string, c *Client) {
	for i, id := range c.TokenExchange.Connections {
		if _, known := p.old.Connection(p.account, id); !p.file.namesConnection(id) && (p.Prune || !known) {
			p.source.Fault(fmt.Sprintf("%s.token_exchange.connections[%d]", path, i), "there is no connection %q", id)
		}
	}
}

// secrets hashes what is given as text, unless a stored secret is the same text.
func (p *planner) secrets(path string, given []fileSecret, stored []ClientSecret) []ClientSecret {
	var secrets []ClientSecret
	for i, g := range given {
		s := g.ClientSecret
		if !g.value.Empty() {
			hashed, err := hashOrKeep(g, stored)
			if err != nil {
				p.source.Fault(fmt.Sprintf("%s.secrets[%d].value", path, i), "%w", err)
				continue
			}
			s.SHA256, s.Argon2id = hashed.SHA256, hashed.Argon2id
		}
		secrets = append(secrets, s)
	}
	return secrets
}

func hashOrKeep(g fileSecret, stored []ClientSecret) (ClientSecret, error) {
	for _, s := range stored {
		if (s.Argon2id != "") == g.weak && s.Holds(g.value.Reveal()) {
			return s, nil
		}
	}
	return hashSecret(g.value, g.weak)
}

func sameSecret(a, b ClientSecret) bool {
	return sameHash(a, b) && a.Description == b.Description && a.Expires.Equal(b.Expires)
}

func sameHash(a, b ClientSecret) bool {
	return bytes.Equal(a.SHA256, b.SHA256) && a.Argon2id == b.Argon2id && bytes.Equal(a.PublicKey, b.PublicKey)
}

func (p *planner) connection(path string, f fileConnection) {
	c := f.Connection
	old, known := p.old.Connection(p.account, c.ID)
	var before outline
	var stored []byte
	if known {
		before = outlineConnection(old)
		if old.OIDC != nil {
			stored = old.OIDC.SealedSecret
		}
	}
	if c.OIDC == nil {
		p.initiates(path, c.SAML)
		if p.differs("connection "+c.ID, known, before, outlineConnection(&c), false, "") {
			p.change.Save.Connections = append(p.change.Save.Connections, c)
		}
		return
	}
	oidc := *c.OIDC
	c.OIDC = &oidc
	if f.keepSecret {
		oidc.SealedSecret = stored
	} else if err := p.seal(&oidc, f, stored); err != nil {
		p.source.Fault(path+".client_secret", "%w", err)
		return
	}
	if oidc.ClientAuth == ClientAuthPrivateKeyJWT {
		oidc.SealedSecret = nil // it is of no use any more
	}
	secretDiffers := known && !bytes.Equal(stored, oidc.SealedSecret)
	if p.differs("connection "+c.ID, known, before, outlineConnection(&c), secretDiffers, "client_secret: changed") {
		p.change.Save.Connections = append(p.change.Save.Connections, c)
	}
}

// initiates refuses a client that the tenant will not have, or that begins no logins.
func (p *planner) initiates(path string, s *SAML) {
	if s.IDPInitiated == "" {
		return
	}
	client, known := p.old.Client(s.IDPInitiated)
	for _, f := range p.file.clients {
		if f.ID == s.IDPInitiated {
			client, known = &f.Client, true
		}
	}
	switch {
	case !known || client.Account != p.account && !client.Platform():
		p.source.Fault(path+".idp_initiated", "there is no client %q", s.IDPInitiated)
	case client.InitiateLoginURI == "":
		p.source.Fault(path+".idp_initiated", "client %q has no initiate_login_uri to lead to", s.IDPInitiated)
	}
}

// seal sets the sealed secret, keeping the stored one when it opens to the same text.
func (p *planner) seal(oidc *OIDC, f fileConnection, stored []byte) error {
	if p.Sealer == nil {
		return errors.New("cannot be sealed without the key file")
	}
	context := SecretContext(p.account, f.ID)
	if f.secret.Empty() { // the exported form: it must be ours to open
		if _, err := p.Sealer.Open(oidc.SealedSecret, context); err != nil {
			return fmt.Errorf("was sealed with another key file or for another connection: %w", err)
		}
		return nil
	}
	text := []byte(f.secret.Reveal())
	if len(stored) > 0 {
		if opened, err := p.Sealer.Open(stored, context); err == nil && subtle.ConstantTimeCompare(opened, text) == 1 {
			oidc.SealedSecret = stored
			return nil
		}
	}
	sealed, err := p.Sealer.Seal(text, context)
	oidc.SealedSecret = sealed
	return err
}

func (p *planner) prune() {
	for _, c := range p.old.Clients(p.account) {
		if !p.file.names(c.ID) {
			p.change.DeleteClients = append(p.change.DeleteClients, c.ID)
			p.lines = append(p.lines, DiffLine{Op: Removed, Record: "client " + c.ID})
		}
	}
	for _, c := range p.old.Connections(p.account) {
		if !p.file.namesConnection(c.ID) {
			p.change.DeleteConnections = append(p.change.DeleteConnections, ConnectionKey{Account: p.account, ID: c.ID})
			p.lines = append(p.lines, DiffLine{Op: Removed, Record: "connection " + c.ID})
		}
	}
}

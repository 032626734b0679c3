package domain

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// ErrNotProven means that the tenant has no proof of the domain.
var ErrNotProven = errors.New("domain is not proven")

// ErrNoRecord means that the DNS was asked and has no record of the tenant's at the domain.
var ErrNoRecord = errors.New("the TXT record is not there")

// A Store keeps proofs. Each method is one transaction, with its audit event and, where anybody's
// rights change, its entry in the change feed.
type Store interface {
	// ProvenDomains returns every proof, in no particular order.
	ProvenDomains(context.Context) ([]registry.ProvenDomain, error)
	// ProveDomain stores a proof in place of an earlier one of the same tenant. A domain that another
	// tenant has is refused with an error that wraps registry.ErrTaken.
	ProveDomain(context.Context, registry.ProvenDomain) error
	// RevokeDomain deletes a proof; Proof.By and Proof.At say who does, and when. It returns ErrNotProven
	// if there is none.
	RevokeDomain(context.Context, registry.ProvenDomain) error
	// DomainChecked stores CheckedAt, MissingSince and SilentSince of a proof by DNS, unless another node has
	// looked since before was read.
	DomainChecked(ctx context.Context, before, after registry.ProvenDomain) error
	// LapseDomain deletes a proof by DNS under the same condition, and returns ErrNotProven otherwise.
	LapseDomain(ctx context.Context, before, after registry.ProvenDomain) error
	// DomainToken returns what a tenant publishes, which is fresh if it has none yet.
	DomainToken(ctx context.Context, account registry.Account, fresh string) (string, error)
}

// Config is what a Prover needs.
type Config struct {
	Store Store
	// Resolver answers for the DNS. Nil means net.DefaultResolver.
	Resolver Resolver
	// Logger is nil for slog.Default.
	Logger *slog.Logger
	// Now reports the time; nil means time.Now.
	Now func() time.Time
}

// A Prover proves domains by DNS. It is safe for concurrent use.
type Prover struct {
	Config
	counts atomic.Pointer[Counts]
}

// NewProver returns a Prover.
func NewProver(c Config) *Prover {
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Prover{Config: c}
}

// A Record is the TXT record that proves a domain.
type Record struct{ Name, Value string }

func (r Record) String() string { return fmt.Sprintf("%s TXT %q", r.Name, r.Value) }

// Record returns what the owner of a domain publishes to prove it for a tenant. The value is the same
// for all domains of the tenant, and for no other tenant or installation.
func (p *Prover) Record(ctx context.Context, account registry.Account, domain string) (Record, error) {
	token, err := p.Store.DomainToken(ctx, account, strings.ToLower(rand.Text()))
	return Record{Name: "_patchbay." + domain, Value: "patchbay-verification=" + token}, err
}

// Verify looks for the record of a domain that the tenant claims, and stores the proof. by is for the
// audit log. It returns an error that wraps ErrNoRecord where the DNS has no such record, and one that
// wraps registry.ErrTaken where another tenant has the domain.
func (p *Prover) Verify(ctx context.Context, tenant *registry.Tenant, domain, by string) error {
	if !tenant.Claims(domain) {
		return fmt.Errorf("tenant %q does not claim domain %q", tenant.Account, domain)
	}
	if err := p.look(ctx, tenant.Account, domain); err != nil {
		return err
	}
	now := p.Now()
	return p.Store.ProveDomain(ctx, registry.ProvenDomain{
		Name: domain, Account: tenant.Account,
		Proof: registry.Proof{Method: registry.ProofDNS, By: by, At: now, CheckedAt: now},
	})
}

// Approve takes the word of the platform's administrator for a claim.
func (p *Prover) Approve(ctx context.Context, tenant *registry.Tenant, domain, by string) error {
	if !tenant.Claims(domain) {
		return fmt.Errorf("tenant %q does not claim domain %q", tenant.Account, domain)
	}
	return p.Store.ProveDomain(ctx, registry.ProvenDomain{
		Name: domain, Account: tenant.Account,
		Proof: registry.Proof{Method: registry.ProofApproval, By: by, At: p.Now()},
	})
}

// lookTime bounds one question to the DNS.
const lookTime = 10 * time.Second

// look returns nil if the tenant's record is there, an error that wraps ErrNoRecord if the DNS says
// that it is not, and another one if nobody knows.
func (p *Prover) look(ctx context.Context, account registry.Account, domain string) error {
	want, err := p.Record(ctx, account, domain)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	// With the dot of the root: a search list of this machine must not answer for the domain.
	found, err := p.Resolver.LookupTXT(ctx, want.Name+".")
	var failed *net.DNSError
	switch {
	case errors.As(err, &failed) && failed.IsNotFound:
		return fmt.Errorf("%w: publish %s%s", ErrNoRecord, want, asked(failed))
	case err != nil:
		return fmt.Errorf("nobody can tell whether there is a TXT record %s: %w", want.Name, err)
	case !slices.Contains(found, want.Value):
		return fmt.Errorf("%w: publish %s (the name has %d other values)", ErrNoRecord, want, len(found))
	}
	return nil
}

// asked names the name server, whose view of the domain may not be everybody's.
func asked(failed *net.DNSError) string {
	if failed.Server == "" {
		return ""
	}
	return ", which the name server " + failed.Server + " does not have"
}

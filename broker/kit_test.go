package broker_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

const (
	issuer   = "https://sso.example/id"
	redirect = "https://agent.example/callback"
)

var epoch = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// A kit is an Engine on a real store, with people, identity providers and a clock that tests control.
type kit struct {
	*broker.Engine
	t       testing.TB
	clock   *clock
	store   *faulty
	people  *people
	idps    *idps
	grants  *grant.Service
	revoked *grant.Revocations
	events  *broker.EventLog
}

func newKit(t testing.TB) *kit {
	t.Helper()
	people := newPeople()
	k := newKitWith(t, people)
	k.people = people
	return k
}

// newKitWith is a kit with another directory; its field people is nil.
func newKitWith(t testing.TB, directory broker.Directory) *kit {
	t.Helper()
	ctx := t.Context()
	k := &kit{t: t, clock: &clock{now: epoch}, store: &faulty{}, idps: newIDPs()}
	var err error
	k.store.Store, err = sqlstore.Open(ctx, sqlstore.Config{
		DSN: secret.New("sqlite:" + filepath.Join(t.TempDir(), "state.db")), Now: k.clock.Now, OnStatement: k.store.stated,
	})
	k.must(err)
	t.Cleanup(func() { _ = k.store.Close() })
	k.must(k.store.Migrate(ctx))
	reg, err := registry.Open(ctx, k.store)
	k.must(err)
	sealer, err := keyfile.Generate(epoch)
	k.must(err)
	k.revoked = &grant.Revocations{Now: k.clock.Now}
	k.must(k.revoked.Load(ctx, k.store))
	k.grants = grant.New(grant.Config{Store: k.store, Sealer: sealer, Revocations: k.revoked, Now: k.clock.Now})
	logger := slog.New(slog.DiscardHandler)
	k.events = broker.NewEventLog(k.store, logger, k.clock.Now)
	k.Engine = broker.New(broker.Config{
		Attempts: k.store, Sessions: k.store, Consents: k.store, Origins: k.store, Callbacks: k.store, Creations: k.store, Registry: reg, Directory: directory,
		Upstreams: broker.NewUpstreams(reg, k.idps.open), Grants: k.grants, Sealer: sealer, Events: k.events,
		PublicURL: "https://sso.example", FailureFloor: func() time.Duration { return 0 }, Logger: logger, Now: k.clock.Now,
	})
	k.apply(acme())
	k.apply(globex)
	return k
}

// apply makes the registry what a tenant file says, with its domains approved.
func (k *kit) apply(text string) {
	k.t.Helper()
	file, err := registry.ParseTenantFile("tenant.yaml", []byte(text), nil)
	k.must(err)
	change, _, err := k.Registry.Snapshot().Plan(file, registry.Planning{By: "test", Now: k.clock.Now()})
	k.must(err)
	if !change.Empty() {
		k.must(k.store.ChangeRegistry(k.t.Context(), change))
	}
	for _, d := range file.Tenant.Domains {
		k.must(k.store.ProveDomain(k.t.Context(), registry.ProvenDomain{
			Name: d.Name, Account: file.Tenant.Account, Proof: registry.Proof{Method: registry.ProofApproval, At: k.clock.Now()},
		}))
	}
	k.must(k.Registry.Invalidate(k.t.Context(), registry.ChangeKind, ""))
}

// unprove makes acme's domain a mere claim.
func (k *kit) unprove() {
	k.t.Helper()
	k.must(k.store.RevokeDomain(k.t.Context(), registry.ProvenDomain{
		Name: "acme.example", Account: "acme", Proof: registry.Proof{At: k.clock.Now()},
	}))
	k.must(k.Registry.Invalidate(k.t.Context(), registry.ChangeKind, ""))
}

// change edits a stored connection of acme, as an administrator would.
func (k *kit) change(connection string, edit func(*registry.Connection)) {
	k.t.Helper()
	c, ok := k.Registry.Snapshot().Connection("acme", connection)
	if !ok {
		k.t.Fatalf("acme has no connection %q", connection)
	}
	edited := *c
	edit(&edited)
	k.must(k.store.ChangeRegistry(k.t.Context(), registry.Change{
		Save: registry.Records{Connections: []registry.Connection{edited}}, By: "test", At: k.clock.Now(),
	}))
	k.must(k.Registry.Invalidate(k.t.Context(), registry.ChangeKind, ""))
}

func (k *kit) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// request is what the agent app asks for, unless edit says otherwise.
func request(edit ...func(*broker.AuthRequest)) broker.AuthRequest {
	r := broker.AuthRequest{
		Issuer: issuer, ClientID: "agent-app", RequestedClientID: "Agent-App", RedirectURI: redirect,
		ResponseType: "code", ResponseMode: "query", State: "xyz", Nonce: "n-1", Scope: []string{"openid"}, MaxAge: -1,
	}
	for _, e := range edit {
		e(&r)
	}
	return r
}

// A browser keeps its cookies.
type browser struct {
	broker.Browser
	cookies map[string]string // session token by issuer
}

func newBrowser() *browser {
	b := &browser{cookies: map[string]string{}}
	b.Browser = broker.Browser{
		Binding: id.New().String(), Address: "192.0.2.7",
		Session: func(issuer string) string { return b.cookies[issuer] },
	}
	return b
}

// answered keeps the session cookie of an answer and returns the answer, which must be a success.
func (b *browser) answered(t testing.TB, next broker.Next, err error) *broker.Answer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if next.Step != broker.StepAnswer || next.Answer == nil || next.Answer.Error != "" || next.Answer.Code == "" {
		t.Fatalf("no code: step %d, answer %+v", next.Step, next.Answer)
	}
	if token := next.Answer.SessionToken; token != "" {
		b.cookies[next.Answer.Request.Issuer] = token
	}
	return next.Answer
}

// begin brings a browser to the login page and returns its attempt.
func (k *kit) begin(b *browser, edit ...func(*broker.AuthRequest)) id.ID {
	k.t.Helper()
	next, err := k.Begin(k.t.Context(), request(edit...), b.Browser)
	k.must(err)
	if next.Step != broker.StepLogin {
		k.t.Fatalf("step %d instead of the login page", next.Step)
	}
	return next.AttemptID
}

// login logs ana in with her password.
func (k *kit) login(b *browser, edit ...func(*broker.AuthRequest)) *broker.Answer {
	k.t.Helper()
	next, err := k.Password(k.t.Context(), k.begin(b, edit...), b.Browser, broker.Credentials{Login: "ana", Password: secret.New(anaPassword)})
	return b.answered(k.t, next, err)
}

// refused returns the refusal that err must be.
func refused(t testing.TB, err error, want broker.Reason) *broker.Refusal {
	t.Helper()
	var r *broker.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("error is %v, want a refusal for %s", err, want)
	}
	if r.Reason != want {
		t.Fatalf("refused for %s (%v), want %s", r.Reason, err, want)
	}
	return r
}

// trouble checks that err is trouble of ours, and not an answer about anybody.
func trouble(t testing.TB, err, want error) {
	t.Helper()
	var r *broker.Refusal
	if errors.As(err, &r) || !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v and no refusal", err, want)
	}
}

// recorded returns the recorded login that a refusal refers to.
func (k *kit) recorded(r *broker.Refusal) broker.Login {
	k.t.Helper()
	if r.LoginID.IsZero() {
		k.t.Fatalf("refusal for %s has no reference for support", r.Reason)
	}
	l, err := k.store.Login(k.t.Context(), r.LoginID)
	k.must(err)
	return l
}

// logins returns every recorded login of acme.
func (k *kit) logins() []broker.Login {
	k.t.Helper()
	all, err := k.store.Logins(k.t.Context(), "acme", "", 10_000)
	k.must(err)
	return all
}

// logged writes what the audit log has queued, and returns all events of a kind.
func (k *kit) logged(kind broker.EventKind) []broker.Event {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.t.Context())
	cancel() // Run drains the queue and returns
	k.events.Run(ctx)
	all, err := k.store.Events(k.t.Context(), epoch.Add(-time.Hour), 10_000)
	k.must(err)
	return slices.DeleteFunc(all, func(e broker.Event) bool { return e.Kind != kind })
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// pass lets time go by, with the change feed alive all the while.
func (k *kit) pass(d time.Duration) {
	k.clock.pass(d)
	k.revoked.Polled(k.clock.Now())
}

package backchannel

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/egress"
)

const (
	// lookEvery is how soon a logout is found that another process has put into the outbox.
	lookEvery = time.Second
	// patience is how long a client may take to answer.
	patience = 5 * time.Second
	// lease is how long a claim holds, which must be longer than patience and two statements.
	lease = 30 * time.Second

	// atOnce bounds the deliveries under way, atOnceOfClient those of one client.
	atOnce         = 64
	atOnceOfClient = 4

	// maxTries and the delays between them, which are firstDelay and triple from one to the next, make
	// half an hour in all.
	maxTries   = 7
	firstDelay = 5 * time.Second
)

// Config is what a Courier needs. Everything is required unless it says otherwise.
type Config struct {
	Store    broker.LogoutStore
	Registry *registry.Registry
	// Mint signs the logout token for a client.
	Mint func(context.Context, broker.Logout, *registry.Client) (string, error)
	// AllowPrivateNetwork lets clients be on this machine, by plain http, and in its network.
	AllowPrivateNetwork bool
	Log                 *slog.Logger
	Now                 func() time.Time
}

// A Courier delivers logouts while it runs.
type Courier struct {
	Config
	client *http.Client
	wake   chan struct{}

	mu   sync.Mutex
	busy map[string]int // deliveries under way, by client
	all  int
}

// New returns a Courier.
func New(c Config) *Courier {
	return &Courier{
		Config: c, wake: make(chan struct{}, 1), busy: map[string]int{},
		client: &http.Client{
			Transport: egress.Transport(patience, c.AllowPrivateNetwork), Timeout: patience,
			// The specification knows no redirect here, and following one would repeat the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Wake makes the Courier look into the outbox now. It never blocks.
func (c *Courier) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends. What is under way then is left to the next server.
func (c *Courier) Run(ctx context.Context) {
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	failing := false
	for {
		err := c.round(ctx, &deliveries)
		if err != nil && !failing && ctx.Err() == nil {
			c.Log.Error("outbox of logouts cannot be read", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-c.wake:
		}
	}
}

// round begins as many deliveries as the limits allow.
func (c *Courier) round(ctx context.Context, deliveries *sync.WaitGroup) error {
	full, free := c.load()
	if free == 0 {
		return nil
	}
	due, err := c.Store.DueLogouts(ctx, c.Now(), full, free)
	if err != nil {
		return err
	}
	for _, l := range due {
		if !c.enter(l.ClientID) {
			continue
		}
		deliveries.Go(func() {
			more := c.handle(ctx, l)
			c.leave(l.ClientID)
			if more { // there may be others that the limits kept back
				c.Wake()
			}
		})
	}
	return nil
}

// load returns the clients that have as many deliveries under way as they may, and how many more may
// begin.
func (c *Courier) load() (full []string, free int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for client, n := range c.busy {
		if n >= atOnceOfClient {
			full = append(full, client)
		}
	}
	return full, atOnce - c.all
}

func (c *Courier) enter(client string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[client] >= atOnceOfClient {
		return false
	}
	c.busy[client]++
	c.all++
	return true
}

func (c *Courier) leave(client string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.busy[client]--; c.busy[client] == 0 {
		delete(c.busy, client)
	}
}

// handle claims one logout, delivers it and stores how that went. It reports whether the outbox is one
// row nearer to being empty; trouble of ours leaves that for the next round.
func (c *Courier) handle(ctx context.Context, l broker.Logout) bool {
	err := c.settle(ctx, l)
	if err != nil && !errors.Is(err, broker.ErrConflict) && ctx.Err() == nil {
		c.Log.Error("a logout will be tried again", "client", l.ClientID, "sid", l.SessionID.String(), "error", err)
	}
	return err == nil
}

func (c *Courier) settle(ctx context.Context, l broker.Logout) error {
	client, ok := c.Registry.Snapshot().Client(l.ClientID)
	if !ok || client.BackchannelLogoutURI == "" {
		return c.Store.FinishLogout(ctx, l, nil)
	}
	if err := c.Store.ClaimLogout(ctx, l, c.Now().Add(lease)); err != nil {
		return err
	}
	l.Tries++
	why := c.deliver(ctx, l, client)
	if errors.Is(why, context.Canceled) {
		return why // it is we who stop: whoever comes next delivers it when the claim is over
	}
	ctx = context.WithoutCancel(ctx) // what the client has answered must not be lost
	switch {
	case why == nil:
		return c.Store.FinishLogout(ctx, l, c.event(broker.LogoutDelivered, l, ""))
	case l.Tries >= maxTries:
		return c.Store.FinishLogout(ctx, l, c.event(broker.LogoutFailed, l, why.Error()))
	}
	c.Log.Warn("a client has not heard of a logout yet", "client", l.ClientID, "sid", l.SessionID.String(),
		"tries", l.Tries, "error", why)
	return c.Store.PostponeLogout(ctx, l, c.Now().Add(delay(l.Tries)))
}

// delay is how long to wait after a number of tries.
func delay(tries int) time.Duration {
	d := firstDelay
	for range tries - 1 {
		d *= 3
	}
	return d
}

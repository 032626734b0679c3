package bench

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Names of tasks that the run refers to.
const (
	idleIntrospection  = "introspection, all tokens"
	stormIntrospection = "introspection in a password storm"
)

// stormLogins is how many people log in at once while the switch goes on asking.
const stormLogins = 32

// tasks are what is measured, in the order of the report.
func (r *rig) tasks(ctx context.Context, o Options) ([]task, error) {
	questions, err := r.introspections(o)
	if err != nil {
		return nil, err
	}
	refreshTokens, err := r.families(ctx, o)
	if err != nil {
		return nil, err
	}
	signer, err := r.newMachine()
	if err != nil {
		return nil, err
	}
	codes, err := r.newCodes(ctx, max(20, int(500*o.Window.Seconds())))
	if err != nil {
		return nil, err
	}
	list := []task{
		{
			name: "introspection, one token", budget: budget{ratio: 0.5, cpu: 3},
			start: introspect(questions[:1], 1),
		},
		{
			name: idleIntrospection, budget: budget{ratio: 0.5, cpu: 3},
			prepare: r.warm(o, questions),
			start:   introspect(questions, o.Clients),
		},
		{
			name: "client_credentials, secret", budget: budget{ratio: 0.2},
			start: same(post(r.issuer()+"/connect/token", "bench-machine", clientSecret, url.Values{
				"grant_type": {"client_credentials"}, "scope": {"contact-centre:10010:4711"},
			})),
		},
		{
			name: "client_credentials, private_key_jwt", budget: budget{statements: -1},
			prepare: func(context.Context) error { return signer.prepare(o.Window) },
			start:   each(signer.take),
		},
		{name: "refresh", budget: budget{ratio: 0.07, statements: 4}, start: r.refresh(refreshTokens[:o.Clients])},
		{name: "refresh, with an ID token", budget: budget{statements: 4}, start: r.refresh(refreshTokens[o.Clients:])},
		{
			name: "code exchange", budget: budget{statements: 4},
			prepare: codes.prepare,
			start:   each(codes.take),
		},
		{name: "whole local login", budget: budget{statements: 14}, start: r.wholeLogin(ctx)},
		{name: "discovery", budget: budget{ratio: 0.45}, start: same(get(r.issuer() + "/.well-known/openid-configuration"))},
		{name: "JWKS", budget: budget{ratio: 0.45}, start: same(get(r.issuer() + "/.well-known/openid-configuration/jwks"))},
		{
			name: stormIntrospection, budget: budget{statements: -1, p99: 10 * time.Millisecond},
			prepare: r.warm(o, questions),
			start:   introspect(questions, o.Clients), beside: r.storm,
		},
	}
	for i := range list {
		list[i].target = r.listen
	}
	return list, nil
}

// same sends one request over and over.
func same(request []byte) func(int, *conn) func() error {
	return func(_ int, c *conn) func() error {
		return func() error {
			_, err := c.send(request)
			return err
		}
	}
}

// each sends what take returns.
func each(take func() ([]byte, error)) func(int, *conn) func() error {
	return func(_ int, c *conn) func() error {
		return func() error {
			request, err := take()
			if err == nil {
				_, err = c.send(request)
			}
			return err
		}
	}
}

// introspect walks through the questions, every client through a part of them.
func introspect(questions [][]byte, clients int) func(int, *conn) func() error {
	return func(client int, c *conn) func() error {
		next := client % len(questions)
		return func() error {
			answer, err := c.send(questions[next])
			if err == nil && !bytes.HasPrefix(answer, []byte(`{"active":true`)) {
				err = errors.New("a live token is said to be inactive")
			}
			next = (next + clients) % len(questions)
			return err
		}
	}
}

// warmFor is how long after a question the next one about the same user is answered from memory, with
// something to spare: legacy's cache is fresh for 30 seconds.
const warmFor = 15 * time.Second

// warm has each question asked, unless it has just been: what is measured is the steady state, in which
// a switch asks about its users more often than their rows are read again.
func (r *rig) warm(o Options, questions [][]byte) func(context.Context) error {
	var asked time.Time
	return func(ctx context.Context) error {
		if time.Since(asked) < warmFor {
			return nil
		}
		var all stock
		all.fill(slices.Clone(questions))
		_, err := task{name: "warm-up", target: r.listen, start: each(all.take)}.run(ctx, o.Clients, time.Minute)
		asked = time.Now()
		return err
	}
}

// refresh has every client rotate its own family.
func (r *rig) refresh(tokens []string) func(int, *conn) func() error {
	return func(client int, c *conn) func() error {
		return func() error {
			answer, err := c.send(post(r.issuer()+"/connect/token", "bench-app", clientSecret, url.Values{
				"grant_type": {"refresh_token"}, "refresh_token": {tokens[client]},
			}))
			if err == nil {
				tokens[client], err = refreshToken(answer)
			}
			return err
		}
	}
}

// wholeLogin is a login from authorize to tokens by somebody whose password costs nothing to verify.
func (r *rig) wholeLogin(ctx context.Context) func(int, *conn) func() error {
	user := person("sha1-salted")
	return func(_ int, c *conn) func() error {
		return func() error {
			a, err := r.newAgent()
			if err != nil {
				return err
			}
			code, err := a.login(ctx, user)
			if err == nil {
				_, err = c.send(r.redemption(code))
			}
			return err
		}
	}
}

// storm has people log in with bcrypt until ctx ends.
func (r *rig) storm(ctx context.Context) error {
	user := person("bcrypt")
	errs := make([]error, stormLogins)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for errs[i] == nil && ctx.Err() == nil {
				a, err := r.newAgent()
				if err == nil {
					_, err = a.login(ctx, user)
				}
				if ctx.Err() == nil {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// newTransport keeps a connection for every agent there may be.
func newTransport() *http.Transport { return &http.Transport{MaxIdleConnsPerHost: 64} }

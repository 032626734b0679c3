package provider_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/ratelimit"
	"github.com/patchbay-auth/patchbay/provider"
)

// narrow lets three requests through at once, of each kind, and one a second.
func narrow() provider.Limits {
	three := ratelimit.Rate{PerSecond: 1, Burst: 3}
	return provider.Limits{Tenant: three, Introspection: three, Address: three}
}

func newNarrowWorld(t *testing.T, edit func(*provider.Limits)) *world {
	t.Helper()
	limits := narrow()
	if edit != nil {
		edit(&limits)
	}
	people := newDirectory()
	w := newWorldLimited(t, people, limits)
	w.directory = people
	return w
}

// spend sends a request n times and wants every one answered with status.
func (w *world) spend(n, status int, name string, send func() answer) answer {
	w.t.Helper()
	var last answer
	for i := range n {
		if last = send(); last.status != status {
			w.t.Fatalf("%s: request %d of %d was answered %d %s, want %d", name, i+1, n, last.status, last.body, status)
		}
	}
	return last
}

func (w *world) introspecting(l layout, client string) func() answer {
	return func() answer { return w.post(l.introspect, client, url.Values{"token": {"x"}}) }
}

func (w *world) revoking(l layout, client string) func() answer {
	return func() answer { return w.post(l.revoke, client, url.Values{"token": {"x"}}) }
}

func (w *world) junk(l layout, client string) func() answer {
	return func() answer {
		return w.script(http.MethodPost, l.token, "", url.Values{"client_id": {client}, "client_secret": {"junk"}, "grant_type": {"refresh_token"}})
	}
}

func TestTenantsBudget(t *testing.T) {
	w := newNarrowWorld(t, nil)
	shared, realm := w.layouts()[0], w.layouts()[1]
	a := w.spend(1, 200, "first", w.revoking(shared, "agent-app"))
	if got, policy := a.header.Get("RateLimit"), a.header.Get("RateLimit-Policy"); got != `"tenant";r=2;t=1` || policy != `"tenant";q=3;w=3` {
		t.Errorf("RateLimit %s, RateLimit-Policy %s", got, policy)
	}
	w.spend(1, 200, "another client, the other layout", w.revoking(realm, "second-app"))
	w.spend(1, 200, "third", w.revoking(shared, "agent-app"))
	a = w.spend(2, 429, "fourth", w.revoking(realm, "second-app"))
	if a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit") != `"tenant";r=0;t=3` || text(a.json(t), "error") != "temporarily_unavailable" {
		t.Errorf("refused with %v: %s", a.header, a.body)
	}
	w.spend(3, 200, "introspection has its own", w.introspecting(realm, "sbc"))
	w.spend(1, 429, "which ends", w.introspecting(shared, "api"))
	w.spend(1, 200, "another tenant", w.revoking(shared, "globex-app"))
	w.pass(time.Second)
	w.spend(1, 200, "a second later", w.revoking(shared, "agent-app"))
	w.spend(1, 429, "but once", w.revoking(shared, "agent-app"))
}

// TestJunkSpendsNobodysBudget sends what anybody can send: names of clients without their secrets.
func TestJunkSpendsNobodysBudget(t *testing.T) {
	w := newNarrowWorld(t, nil)
	for _, l := range w.layouts() {
		w.pass(time.Minute)
		w.spend(3, 401, l.name+" junk", w.junk(l, "agent-app"))
		a := w.spend(50, 429, l.name+" more junk", w.junk(l, "agent-app"))
		if !strings.HasPrefix(a.header.Get("RateLimit"), `"address";r=0`) {
			t.Errorf("RateLimit %s", a.header.Get("RateLimit"))
		}
		w.spend(3, 200, l.name+" who authenticates from the same address", w.revoking(l, "agent-app"))
		w.spend(3, 200, l.name+" and introspects", w.introspecting(l, "sbc"))
	}
}

func TestAddressesBudget(t *testing.T) {
	public := func(w *world, l layout) answer {
		return w.script(http.MethodPost, l.token, "", url.Values{"client_id": {"spa"}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}})
	}
	for name, test := range map[string]struct {
		status int
		send   func(w *world, l layout) answer
	}{
		"public client": {400, public},
		"userinfo": {401, func(w *world, l layout) answer {
			return w.script("GET", l.userinfo, "", nil, "Authorization", "Bearer x")
		}},
		"token information": {401, func(w *world, l layout) answer {
			return w.script("GET", w.base+"/contactcentre5/accesstokeninformation", "", nil, "Authorization", "Bearer x")
		}},
		"authorize":   {400, func(w *world, l layout) answer { return w.script("GET", l.authorize, "", nil) }},
		"end session": {200, func(w *world, l layout) answer { return w.script("GET", l.logout, "", nil) }},
		"login page":  {400, func(w *world, _ layout) answer { return w.script("GET", w.base+"/login/attempt/x", "", nil) }},
		"callback": {400, func(w *world, _ layout) answer {
			return w.script("GET", w.base+"/login/acme/corp/callback?state=x", "", nil)
		}},
		"wrong method": {405, func(w *world, l layout) answer { return w.script("GET", l.token, "", nil) }},
		"keep-alive":   {204, func(w *world, l layout) answer { return w.script("OPTIONS", l.introspect, "", nil) }},
		"preflight":    {403, func(w *world, l layout) answer { return w.ask(l.token, evilOrigin, "POST") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newNarrowWorld(t, nil)
			l := w.layouts()[0]
			w.spend(3, test.status, name, func() answer { return test.send(w, l) })
			a := w.spend(1, 429, name, func() answer { return test.send(w, l) })
			if a.header.Get("Retry-After") != "1" || !strings.HasPrefix(a.header.Get("RateLimit"), `"address";`) {
				t.Errorf("refused with %v", a.header)
			}
			if name == "public client" {
				return
			}
			w.spend(1, 429, "the budget is shared", func() answer { return public(w, l) })
		})
	}
}

func TestDocumentsCostNothing(t *testing.T) {
	w := newNarrowWorld(t, nil)
	l := w.layouts()[1]
	for _, address := range []string{l.issuer + "/.well-known/openid-configuration", l.jwks, w.base + "/livez", w.base + "/readyz"} {
		want := http.StatusOK
		if strings.HasSuffix(address, "z") {
			want = http.StatusNoContent
		}
		w.spend(20, want, address, func() answer { return w.script("GET", address, "", nil) })
	}
}

func TestDefaultLimits(t *testing.T) {
	people := newDirectory()
	w := newWorldLimited(t, people, provider.Limits{})
	l := w.layouts()[0]
	for _, test := range []struct {
		send func() answer
		want string
	}{
		{w.revoking(l, "agent-app"), `"tenant";q=400;w=2`},
		{w.introspecting(l, "sbc"), `"introspection";q=4000;w=2`},
		{w.junk(l, "nobody"), `"address";q=1000;w=10`},
	} {
		if got := test.send().header.Get("RateLimit-Policy"); got != test.want {
			t.Errorf("RateLimit-Policy %s, want %s", got, test.want)
		}
	}
}

// withWeakSecret gives a client a secret that a person chose.
func (w *world) withWeakSecret(id, text string) {
	w.t.Helper()
	file, err := registry.ParseTenantFile("acme.yaml", []byte(`account: acme
name: Acme
legacy_tenant: "10010"
clients:
  - id: `+id+`
    require_secret: true
    secrets: [{ description: chosen, value: "`+text+`", weak: true }]
`), nil)
	w.must(err)
	planned, _, err := w.registry.Snapshot().Plan(file, registry.Planning{By: "test", Now: w.clock.Now()})
	w.must(err)
	for _, c := range planned.Save.Clients {
		w.change(id, func(edited *registry.Client) { edited.Secrets = c.Secrets })
	}
}

func TestGuessesAtWeakSecretsArePaidInAdvance(t *testing.T) {
	w := newNarrowWorld(t, func(l *provider.Limits) { l.Address = ratelimit.Rate{PerSecond: 1, Burst: 30} })
	w.withWeakSecret("agent-app", "chosen by ana")
	l := w.layouts()[0]
	right := func() answer {
		return w.script("POST", l.revoke, "", url.Values{"client_id": {"agent-app"}, "client_secret": {"chosen by ana"}, "token": {"x"}})
	}
	w.spend(1, 401, "a guess", w.junk(l, "agent-app"))
	w.spend(1, 200, "the client itself", right)
	w.spend(1, 401, "another guess", w.junk(l, "agent-app"))
	w.spend(9, 429, "three were what thirty requests buy", w.junk(l, "agent-app"))
	w.spend(2, 200, "the client was verified before", right)
	w.spend(1, 429, "and spends its tenant's budget", right)
	if got := w.junk(l, "second-app")().status; got != 401 && got != 429 {
		t.Errorf("a client with a generated secret: %d", got)
	}
}

// TestStormOfWeakGuesses lets many guess at once: the pool turns most away, and nobody else waits.
func TestStormOfWeakGuesses(t *testing.T) {
	w := newWorld(t)
	w.withWeakSecret("agent-app", "chosen by ana")
	l := w.layouts()[0]
	var stop atomic.Bool
	var wg sync.WaitGroup
	statuses := map[int]int{}
	var mu sync.Mutex
	for range 48 {
		wg.Go(func() {
			for !stop.Load() {
				a := w.junk(l, "agent-app")()
				mu.Lock()
				statuses[a.status]++
				if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "" {
					t.Error("503 without Retry-After")
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(700 * time.Millisecond)
	begun := time.Now()
	w.spend(20, 200, "the switch", w.introspecting(l, "sbc"))
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("20 introspections took %s", took)
	}
	stop.Store(true)
	wg.Wait()
	if statuses[401] == 0 || statuses[503] == 0 || len(statuses) != 2 {
		t.Errorf("answers by status: %v, want 401 and 503", statuses)
	}
}

func TestThrottledPage(t *testing.T) {
	w := newWorld(t)
	l := w.layouts()[0]
	for n := range 11 {
		b := w.browser()
		a := b.submit(b.get(authorizeURL(l)), url.Values{"username": {"ana"}, "password": {"wrong " + strconv.Itoa(n)}})
		want := http.StatusUnauthorized
		if n == 10 {
			want = http.StatusTooManyRequests
		}
		if a.status != want || (want == 429) != (a.header.Get("Retry-After") == "600") {
			t.Fatalf("try %d: %d, Retry-After %q; want %d", n+1, a.status, a.header.Get("Retry-After"), want)
		}
	}
}

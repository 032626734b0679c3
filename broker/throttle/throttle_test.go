package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/broker/throttle"
	"github.com/patchbay-auth/patchbay/internal/id"
)

type clock struct{ passed atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(c.passed.Load()))
}
func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }

func newThrottle(t testing.TB, c throttle.Config) (*throttle.Throttle, *clock) {
	t.Helper()
	clock := new(clock)
	c.Now = clock.Now
	return throttle.New(c), clock
}

var (
	office  = throttle.Source{Network: netip.MustParsePrefix("192.0.2.7/32")}
	network = throttle.Source{Network: netip.MustParsePrefix("2001:db8:1:2::/64")}
)

func account(n int) throttle.Account { return throttle.AccountOf("10010", fmt.Sprint("user", n)) }

// begin is Begin where nobody has to wait.
func begin(th *throttle.Throttle, a throttle.Account, from throttle.Source) (*throttle.Try, time.Duration) {
	try, retry, err := th.Begin(context.Background(), a, from)
	if err != nil {
		panic(err) // the context never ends
	}
	return try, retry
}

// fail fails until a try is refused, at most limit times, and returns how many were let through.
func fail(th *throttle.Throttle, a throttle.Account, from throttle.Source, limit int) (began int, retry time.Duration) {
	for ; began < limit; began++ {
		try, retry := begin(th, a, from)
		if retry > 0 {
			return began, retry
		}
		try.End(throttle.Failed)
	}
	return began, 0
}

func TestAccount(t *testing.T) {
	th, clock := newThrottle(t, throttle.Config{})
	if n, retry := fail(th, account(1), office, 99); n != 10 || retry != 10*time.Minute {
		t.Fatalf("%d failures were let through, then retry after %s; want 10 and 10m", n, retry)
	}
	if n, _ := fail(th, account(1), network, 1); n != 0 {
		t.Error("another address was let through")
	}
	if n, _ := fail(th, account(2), office, 1); n != 1 {
		t.Error("another account was refused")
	}
	clock.pass(10*time.Minute - time.Second)
	if n, retry := fail(th, account(1), office, 1); n != 0 || retry != time.Second {
		t.Errorf("a second before the window ends: %d let through, retry after %s", n, retry)
	}
	clock.pass(time.Second)
	if n, _ := fail(th, account(1), office, 99); n != 10 {
		t.Errorf("after the window %d were let through", n)
	}
}

func TestWindowSlides(t *testing.T) {
	th, clock := newThrottle(t, throttle.Config{Failures: 3})
	for range 3 {
		if n, _ := fail(th, account(1), office, 1); n != 1 {
			t.Fatal("control: refused too early")
		}
		clock.pass(3 * time.Minute)
	}
	// Failures at 0, 3 and 6 minutes; it is 9 now.
	if _, retry := fail(th, account(1), office, 1); retry != time.Minute {
		t.Errorf("retry after %s, want 1m", retry)
	}
	clock.pass(time.Minute)
	if n, retry := fail(th, account(1), office, 9); n != 1 || retry != 3*time.Minute {
		t.Errorf("%d let through, then retry after %s; want 1 and 3m", n, retry)
	}
}

func TestSuccessForgivesOnlyItself(t *testing.T) {
	th, _ := newThrottle(t, throttle.Config{})
	fail(th, account(1), office, 9)
	for range 20 {
		try, _ := begin(th, account(1), office)
		if try == nil {
			t.Fatal("the tenth try was refused")
		}
		try.End(throttle.Succeeded)
	}
	if n, _ := fail(th, account(1), office, 9); n != 1 {
		t.Errorf("after the owner's logins a guesser has %d more tries, want the one that was left", n)
	}
}

func TestNobodyIsBlamedForTroubleOfOurs(t *testing.T) {
	th, _ := newThrottle(t, throttle.Config{AccountsPerAddress: 1})
	for range 50 {
		try, retry := begin(th, account(1), office)
		if try == nil {
			t.Fatalf("refused for %s", retry)
		}
		try.End(throttle.Void)
	}
	if n, _ := fail(th, account(2), office, 1); n != 1 {
		t.Error("the address was blamed")
	}
}

func TestOwnerIsNotLockedOut(t *testing.T) {
	th, _ := newThrottle(t, throttle.Config{})
	if n, _ := fail(th, account(1), network, 99); n != 10 {
		t.Fatalf("control: the stranger had %d tries", n)
	}
	known := throttle.Source{Network: office.Network, Device: id.New()}
	if n, _ := fail(th, account(1), known, 99); n != 10 {
		t.Errorf("the owner's browser had %d tries, want 10 of its own", n)
	}
	known.Device = id.New()
	if n, _ := fail(th, account(1), known, 1); n != 1 {
		t.Error("one browser of the owner locked the other")
	}
}

func TestAddress(t *testing.T) {
	th, clock := newThrottle(t, throttle.Config{})
	for n := range 100 {
		if began, _ := fail(th, account(n), office, 1); began != 1 {
			t.Fatalf("control: account %d was refused", n)
		}
	}
	if began, retry := fail(th, account(100), office, 1); began != 0 || retry != 10*time.Minute {
		t.Errorf("the 101st account: %d let through, retry after %s", began, retry)
	}
	for name, try := range map[string]struct {
		account throttle.Account
		from    throttle.Source
	}{
		"one of the hundred":       {account(7), office},
		"another address":          {account(100), network},
		"a browser that knows it":  {account(100), throttle.Source{Network: office.Network, Device: id.New()}},
		"a server for many people": {account(100), throttle.Source{}},
	} {
		if began, _ := fail(th, try.account, try.from, 1); began != 1 {
			t.Errorf("%s was refused", name)
		}
	}
	clock.pass(10 * time.Minute)
	if began, _ := fail(th, account(100), office, 1); began != 1 {
		t.Error("after the window the address is still refused")
	}
}

// TestCallCentre lets 500 agents behind one address mistype three times each, 50 of them at once, in
// browsers that nobody knows yet.
func TestCallCentre(t *testing.T) {
	th, _ := newThrottle(t, throttle.Config{})
	var wg sync.WaitGroup
	for worker := range 50 {
		wg.Go(func() {
			for agent := worker * 10; agent < worker*10+10; agent++ {
				if n, _ := fail(th, account(agent), office, 3); n != 3 {
					t.Errorf("agent %d was refused after %d typing errors", agent, n)
				}
				try, retry := begin(th, account(agent), office)
				if try == nil {
					t.Errorf("agent %d was refused for %s", agent, retry)
					continue
				}
				try.End(throttle.Succeeded)
			}
		})
	}
	wg.Wait()
}

func TestManyAtOnceAreNoWayAround(t *testing.T) {
	th, _ := newThrottle(t, throttle.Config{})
	var inside, most, verified, refused atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			try, _ := begin(th, account(1), office)
			if try == nil {
				refused.Add(1)
				return
			}
			most.Store(max(most.Load(), inside.Add(1)))
			verified.Add(1)
			time.Sleep(time.Millisecond)
			inside.Add(-1)
			try.End(throttle.Failed)
		})
	}
	wg.Wait()
	if verified.Load() != 10 || refused.Load() != 54 || most.Load() > 10 {
		t.Errorf("of 64 parallel tries %d were let through, %d at once, and %d refused; want 10", verified.Load(), most.Load(), refused.Load())
	}
}

// TestManyRightAtOnce logs one account in 200 times, and 300 accounts behind one address, 100 at once.
func TestManyRightAtOnce(t *testing.T) {
	for name, who := range map[string]func(int) throttle.Account{
		"one account": func(int) throttle.Account { return account(1) }, "one address": account,
	} {
		th, _ := newThrottle(t, throttle.Config{Failures: 4, AccountsPerAddress: 8})
		var wg sync.WaitGroup
		for worker := range 100 {
			wg.Go(func() {
				for n := range 3 {
					try, retry := begin(th, who(3*worker+n), office)
					if try == nil {
						t.Errorf("%s: refused for %s", name, retry)
						return
					}
					time.Sleep(100 * time.Microsecond)
					try.End(throttle.Succeeded)
				}
			})
		}
		wg.Wait()
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	th, _ := newThrottle(t, throttle.Config{Failures: 1})
	first, _ := begin(th, account(1), office)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if try, _, err := th.Begin(ctx, account(1), office); try != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("the second try: %v, %v; want the context's end", try, err)
	}
	first.End(throttle.Succeeded)
	if try, retry := begin(th, account(1), office); try == nil {
		t.Errorf("after the first ended: refused for %s", retry)
	}
}

func TestAccountOf(t *testing.T) {
	ana := throttle.AccountOf("10010", "ana.hansen@acme.example")
	for _, same := range []string{
		"ANA.Hansen@ACME.example", " ana.hansen@acme.example\t", "ａｎａ.hansen@acme.example", "ana.hanſen@acme.example",
		"ana．hansen＠acme.example",
	} {
		if throttle.AccountOf("10010", same) != ana {
			t.Errorf("%q has an allowance of its own", same)
		}
	}
	if throttle.AccountOf("10010", "é") != throttle.AccountOf("10010", "E\u0301") {
		t.Error("a composed and a decomposed login have an allowance each")
	}
	for _, other := range []struct{ tenant, login string }{{"10020", "ana.hansen@acme.example"}, {"10010", "anna.hansen@acme.example"}, {"10010", ""}} {
		if throttle.AccountOf(other.tenant, other.login) == ana {
			t.Errorf("%v shares ana's allowance", other)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	th, _ := newThrottle(t, throttle.Config{})
	for n := range 70_000 {
		from := office
		from.Network = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 32)
		fail(th, account(n), from, 1)
	}
	accounts, addresses := th.Remembered()
	if accounts == 0 || accounts > 55_000 || addresses == 0 || addresses > 12_000 {
		t.Errorf("after 70 000 accounts from as many addresses, %d accounts and %d addresses are remembered", accounts, addresses)
	}
}

package browsertest

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds everything that one browser does in one test; stepPatience what one call does.
const (
	patience     = 5 * time.Minute
	stepPatience = 30 * time.Second
)

// A Browser is one tab of a Chromium that belongs to the test.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Start starts a browser with an empty profile. It ends with the test. Short runs (-short) skip.
func Start(t testing.TB) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("browser tests are left out of short runs")
	}
	path := executable(t)
	home, err := os.MkdirTemp("", "pb-browser")
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	ctx, stop := chromedp.NewExecAllocator(ctx, options(path, home)...)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		closeTab()
		stop() // waits for the process
		cancel()
		_ = os.RemoveAll(home) // a helper process may still be writing; the rest is the system's to sweep
	})
	b := &Browser{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // starts the process
		t.Fatalf("browsertest: starting %s: %v", path, err)
	}
	return b
}

// Do performs the steps in order and ends the test when one fails.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepPatience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail(err)
	}
}

// Get performs an action and returns its result. It ends the test when the action fails.
func Get[T any](b *Browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepPatience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		b.fail(err)
	}
	return result
}

// fail ends the test and says where the browser was.
func (b *Browser) fail(err error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepPatience)
	defer cancel()
	at, locationErr := chromedp.Run(ctx, chromedp.Location())
	if locationErr != nil {
		at = "an unknown address"
	}
	b.t.Fatalf("browsertest: at %s: %v", at, err)
}

func executable(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const text = "chromium is not installed: apt-get install chromium"
	if slices.Contains(strings.Split(os.Getenv("PATCHBAY_TEST_REQUIRE"), ","), "chromium") {
		t.Fatal(text)
	}
	t.Skip(text)
	return ""
}

// options name every flag, rather than take over a list that changes with the library.
func options(path, home string) []chromedp.ExecAllocatorOption {
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		// A browser under a service account often has no home it may write to.
		chromedp.Env("HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home),
		chromedp.WSURLReadTimeout(patience),
	}
	for _, flag := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking",
		"disable-component-update", "no-first-run", "disable-sync", "no-default-browser-check", "hide-scrollbars",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	return options
}

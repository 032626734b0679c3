package browsertest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// Violations collects, from here on, what the browser's console says about broken content security
// policies. Call the result to read them.
func (b *Browser) Violations() func() []string {
	b.t.Helper()
	c := new(console)
	if err := chromedp.Listen(b.ctx, c.hear); err != nil {
		b.t.Fatalf("browsertest: %v", err)
	}
	b.Do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, log.Enable, cdp.Empty{})
		return err
	}))
	return c.violations
}

// A console gathers the browser's own complaints. They arrive on the browser's goroutine.
type console struct {
	mu    sync.Mutex
	lines []string
}

func (c *console) hear(event any) {
	entry, ok := event.(*log.EventEntryAdded)
	if !ok || !strings.Contains(entry.Entry.Text, "Content Security Policy") {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, entry.Entry.Text)
}

func (c *console) violations() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lines)
}

package browsertest

import (
	"context"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// A View is how pages are looked at.
type View struct {
	// Width and Height are CSS pixels. Zero means 1280 × 800.
	Width, Height int64
	// Dark prefers the dark colour scheme.
	Dark bool
	// Language is the value of Accept-Language; empty leaves the browser's own.
	Language string
}

// Look changes how the following pages are looked at.
func (b *Browser) Look(v View) {
	b.t.Helper()
	if v.Width == 0 || v.Height == 0 {
		v.Width, v.Height = 1280, 800
	}
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	headers := network.Headers{}
	if v.Language != "" {
		headers["Accept-Language"] = v.Language
	}
	b.Do(chromedp.EmulateViewport(v.Width, v.Height), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		media := emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}
		if _, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, media); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: headers})
		return err
	}))
}

// Scripts switches JavaScript on or off for the following pages.
func (b *Browser) Scripts(on bool) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// Screenshot writes what the viewport shows, as a PNG, to name in the directory that
// PATCHBAY_TEST_SCREENSHOTS names, or in one that goes with the test. It returns the file's path.
func (b *Browser) Screenshot(name string) string {
	b.t.Helper()
	dir := os.Getenv("PATCHBAY_TEST_SCREENSHOTS")
	if dir == "" {
		dir = b.t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		b.t.Fatalf("browsertest: %v", err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, Get(b, chromedp.CaptureScreenshot()), 0o600); err != nil {
		b.t.Fatalf("browsertest: %v", err)
	}
	return path
}

package login

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

// TestContrast computes what WCAG 2.2 asks of level AA: 4.5 : 1 for text (1.4.3), 3 : 1 for the
// edges of fields and the mark of the focus (1.4.11).
func TestContrast(t *testing.T) {
	style := newRig(t).pages.style
	light, dark, ok := strings.Cut(style, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("there is no dark scheme")
	}
	for scheme, css := range map[string]string{"light": light, "dark": dark[:strings.Index(dark, "* {")]} {
		colours := map[string]string{}
		for _, found := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]+);`).FindAllStringSubmatch(css, -1) {
			colours[found[1]] = found[2]
		}
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"text", "card", 4.5},
			{"text", "hover", 4.5},
			{"muted", "card", 4.5},
			{"on-accent", "accent", 4.5},
			{"on-accent", "accent-hover", 4.5},
			{"alert-text", "alert", 4.5},
			{"edge", "card", 3},
			{"accent", "card", 3},
			{"alert-edge", "card", 3},
		} {
			front, back := luminance(t, colours[pair.front]), luminance(t, colours[pair.back])
			ratio := (math.Max(front, back) + 0.05) / (math.Min(front, back) + 0.05)
			if ratio < pair.least {
				t.Errorf("%s: %s on %s is %.2f : 1, want %.1f : 1", scheme, pair.front, pair.back, ratio, pair.least)
			}
		}
	}
	if got := (luminance(t, "#fff") + 0.05) / (luminance(t, "#000") + 0.05); math.Abs(got-21) > 0.001 {
		t.Fatalf("control: white on black is %f : 1, want 21 : 1", got)
	}
}

// luminance is the relative luminance of #rgb or #rrggbb (WCAG 2.2).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) == 4 {
		colour = fmt.Sprintf("#%c%c%c%c%c%c", colour[1], colour[1], colour[2], colour[2], colour[3], colour[3])
	}
	var red, green, blue uint8
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &red, &green, &blue); err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	linear := func(c uint8) float64 {
		v := float64(c) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(red) + 0.7152*linear(green) + 0.0722*linear(blue)
}

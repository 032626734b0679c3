package browsertest

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func TestLook(t *testing.T) {
	b := Start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<p id=language>%s</p>`, r.Header.Get("Accept-Language"))
	}))
	t.Cleanup(server.Close)

	b.Look(View{Width: 360, Height: 640, Dark: true, Language: "nb"})
	b.Do(chromedp.Navigate(server.URL))
	language := Get(b, chromedp.Text(chromedp.CSS("#language")))
	dark := Get(b, chromedp.Evaluate[bool](`matchMedia("(prefers-color-scheme: dark)").matches`))
	width := Get(b, chromedp.Evaluate[int](`innerWidth`))
	if language != "nb" || !dark || width != 360 {
		t.Errorf("language %q, dark %v, width %d; want nb, true, 360", language, dark, width)
	}

	file, err := os.Open(b.Screenshot("look.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	picture, err := png.DecodeConfig(file)
	if err != nil || picture.Width != 360 || picture.Height != 640 {
		t.Errorf("screenshot is %d × %d, %v; want 360 × 640", picture.Width, picture.Height, err)
	}
}

// TestFormActionCoversRedirects pins the behaviour that provider/login's Leave works around: Chromium holds
// a form's whole redirect chain to the page's form-action, not only the first hop.
func TestFormActionCoversRedirects(t *testing.T) {
	b := Start(t)
	end := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "arrived")
	}))
	t.Cleanup(end.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{policy}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		policy := "form-action 'self'"
		if r.PathValue("policy") == "wide" {
			policy += " " + end.URL
		}
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = fmt.Fprint(w, `<form method=post action="/go"><button>go</button></form>`)
	})
	mux.HandleFunc("POST /go", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, end.URL, http.StatusSeeOther)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	violations := b.Violations()
	button := chromedp.CSS("button")
	b.Do(chromedp.Navigate(server.URL+"/wide"), chromedp.Click(button), chromedp.WaitNotPresent(button))
	if text := Get(b, chromedp.Text(chromedp.CSS("body"))); text != "arrived" || len(violations()) != 0 {
		t.Fatalf("with the origin allowed: %q, %q; want to arrive", text, violations())
	}

	b.Do(chromedp.Navigate(server.URL+"/narrow"), chromedp.Click(button))
	for range 50 {
		if len(violations()) > 0 {
			break
		}
		b.Do(chromedp.Sleep(100 * time.Millisecond))
	}
	if got := strings.Join(violations(), "\n"); !strings.Contains(got, "form-action") {
		t.Errorf("without it the console says %q, want a form-action violation", got)
	}
}

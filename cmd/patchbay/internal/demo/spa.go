package demo

import (
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
)

// spaClient is the public client of the example without a server of its own.
const spaClient = "spa"

//go:embed spa.html
var spaHTML string

//go:embed spa.js
var spaScript []byte

// spaHandler serves the single-page application: one page and its script. The rest happens between the
// browser and patchbay.
func spaHandler(facts func() Facts) (http.Handler, error) {
	page, err := template.New("spa").Parse(spaHTML)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /spa", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := page.Execute(w, facts()); err != nil {
			slog.Error("demo: the single-page application", "error", err)
		}
	})
	mux.HandleFunc("GET /spa.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(spaScript) // a browser that hangs up needs no script
	})
	return mux, nil
}

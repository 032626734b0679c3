package provider

import (
	"embed"
	"fmt"
	"net/http"
	"path"

	"github.com/swaggest/swgui/v5emb"

	"github.com/patchbay-auth/patchbay/internal/web"
)

//go:embed explorer/index.html explorer/explorer.js
var explorer embed.FS

// explorerPolicy lets the explorer's page load what is beside it and nothing else. Its style sheet
// draws icons from data.
const explorerPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// mountAPI serves the OpenAPI document at openapi.json and, at docs/, a page to read it with. The page
// is Swagger UI from this binary: it works without the Internet. It sends no requests, because the
// origin of a login is no place to paste secrets into.
func (p *provider) mountAPI(mux *http.ServeMux, root, informationPath string) error {
	document, err := p.describeAPI(informationPath)
	if err != nil {
		return err
	}
	mux.HandleFunc(root+"/openapi.json", onlyGet(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*") // for tools that live on other sites
		writeDocument(w, document)
	}))
	docs := root + "/docs/"
	library := v5emb.New("patchbay", "openapi.json", docs)
	// Of the library its script and its style sheet only: it has a page and an address for callbacks
	// besides, which nobody needs here.
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"} {
		mux.HandleFunc(docs+name, p.explorerFile(library.ServeHTTP))
	}
	for address, name := range map[string]string{"{$}": "index.html", "explorer.js": "explorer.js"} {
		text, err := explorer.ReadFile(path.Join("explorer", name))
		if err != nil {
			return fmt.Errorf("API explorer: %w", err)
		}
		kind := map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}[path.Ext(name)]
		mux.HandleFunc(docs+address, p.explorerFile(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(text) // a browser that has gone needs no answer
		}))
	}
	return nil
}

// explorerFile adds the headers of a page to a file of the explorer.
func (p *provider) explorerFile(serve http.HandlerFunc) http.HandlerFunc {
	return onlyGet(func(w http.ResponseWriter, r *http.Request) {
		p.site.Protect(w.Header(), web.Policy{})
		w.Header().Set("Content-Security-Policy", explorerPolicy)
		w.Header().Set("Cache-Control", "public, max-age="+documentAge)
		serve(w, r)
	})
}

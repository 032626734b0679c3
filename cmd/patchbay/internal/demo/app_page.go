package demo

import (
	"encoding/json"
	"log/slog"
	"net/http"
)

// appPage is what the application's one page shows.
type appPage struct {
	Facts    Facts
	Upstream UpstreamFacts
	LoggedIn bool
	Name     string
	UserID   string
	IDP      string
	Claims   string
	Asked    string
	Answer   string
	Fault    string
}

func (a *agentApp) home(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	v.mu.Lock()
	defer v.mu.Unlock()
	p := appPage{Facts: a.facts(), Upstream: a.facts().Upstreams["corp"], Asked: v.asked, Answer: indent(v.answer), Fault: v.fault}
	if v.tokens != nil {
		p.LoggedIn = true
		p.Name, _ = v.tokens.claims["name"].(string)
		p.UserID, _ = v.tokens.claims["sub"].(string)
		p.IDP, _ = v.tokens.claims["idp"].(string)
		p.Claims = indent(v.tokens.claims)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := a.template.Execute(w, p); err != nil {
		slog.Error("demo: the application's page", "error", err)
	}
}

func indent(v any) string {
	if v == nil {
		return ""
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

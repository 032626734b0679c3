package provider

import (
	"context"
	"net/http"
	"time"
)

const readyBudget = 2 * time.Second

// alive answers that the process runs; whether it can do its work is readiness.
func (p *provider) alive(w http.ResponseWriter, _ *http.Request) {
	noStore(w.Header())
	w.WriteHeader(http.StatusNoContent)
}

// readiness answers 204 when this node can serve logins and introspection, else 503.
func (p *provider) readiness(w http.ResponseWriter, r *http.Request) {
	noStore(w.Header())
	if err := p.isReady(r.Context()); err != nil {
		p.log.WarnContext(r.Context(), "not ready", "error", err)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (p *provider) isReady(ctx context.Context) error {
	if p.ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyBudget)
	defer cancel()
	return p.ready(ctx)
}

// keepAlive answers an SBC that asks, without credentials, whether the endpoint is up.
func (p *provider) keepAlive(r *http.Request) (any, error) {
	if err := p.isReady(r.Context()); err != nil {
		return nil, unavailable(err)
	}
	return noContent{}, nil
}

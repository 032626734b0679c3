package provider

import (
	"net/http"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// connectionKeys publishes the keys by which patchbay proves itself at the IdP of a connection, for that IdP
// to fetch (private_key_jwt, OpenID Connect Core 1.0 §9).
func (p *provider) connectionKeys(w http.ResponseWriter, r *http.Request) {
	c, ok := p.registry.Snapshot().Connection(registry.Account(r.PathValue("account")), r.PathValue("connection"))
	if !ok || c.OIDC == nil || !c.OIDC.PublishesKeys() {
		http.NotFound(w, r)
		return
	}
	scope := keyring.Connection(string(c.Account), c.ID)
	err := p.keys.Ensure(r.Context(), scope)
	var set []byte
	if err == nil {
		set, err = p.keys.KeySet(scope)
	}
	if err != nil {
		p.log.ErrorContext(r.Context(), "the keys of a connection cannot be published", "account", c.Account, "connection", c.ID, "error", err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	writeDocument(w, set)
}

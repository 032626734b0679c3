package provider

import (
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// requestedScope returns the scope that a request asks for: unknown values are ignored (OpenID
// Connect Core §3.1.2.1), a known one that the client may not have is invalid_scope, and a request
// without any gets the client's default.
func requestedScope(parameter string, client *registry.Client, realm bool) ([]string, *Fault) {
	var granted []string
	asked := strings.Fields(parameter)
	for _, s := range asked {
		switch {
		case !slices.Contains(mapping.Scopes(), s) || slices.Contains(granted, s):
		case !slices.Contains(client.Scopes, s):
			return nil, invalidScope("The client may not ask for one of the scopes")
		default:
			granted = append(granted, s)
		}
	}
	if len(asked) == 0 {
		granted = defaultScope(client, realm)
	}
	if len(granted) == 0 {
		return nil, invalidScope("None of the scopes is known")
	}
	return granted, nil
}

func defaultScope(client *registry.Client, realm bool) []string {
	defaults := client.DefaultScopes
	if len(defaults) == 0 && realm {
		defaults = []string{mapping.ScopeProfile, mapping.ScopeEmail}
	}
	return allowedScope(defaults, client)
}

// allowedScope cuts a scope to what the client may have.
func allowedScope(scope []string, client *registry.Client) []string {
	var allowed []string
	for _, s := range scope {
		if slices.Contains(client.Scopes, s) {
			allowed = append(allowed, s)
		}
	}
	return allowed
}

func invalidScope(description string) *Fault {
	return &Fault{Status: http.StatusBadRequest, Code: "invalid_scope", Description: description}
}

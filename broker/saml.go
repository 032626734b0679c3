package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// A MetadataPublisher is an Upstream whose IdP has to know a document of ours.
type MetadataPublisher interface {
	ServiceMetadata(context.Context) ([]byte, error)
}

// ServiceMetadata returns our metadata for the IdP of a SAML connection. It is a *Refusal for a connection
// that does not exist, is disabled, or has none.
func (e *Engine) ServiceMetadata(ctx context.Context, account registry.Account, connection string) ([]byte, error) {
	r, err := e.Upstreams.route(account, connection)
	if err != nil {
		return nil, &Refusal{Reason: ReasonConnection, Err: err}
	}
	publisher, ok := r.upstream.(MetadataPublisher)
	if !ok {
		return nil, &Refusal{Reason: ReasonConnection, Err: errors.New("the connection is not one of SAML")}
	}
	document, err := publisher.ServiceMetadata(ctx)
	if err != nil {
		return nil, fmt.Errorf("metadata for connection %s/%s: %w", account, connection, err)
	}
	return document, nil
}

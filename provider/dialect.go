package provider

import "net/http"

// A variant marks the faults that the realm layout words differently.
type variant int

const (
	plain variant = iota
	unknownClient
	wrongSecret
	unusableClient
	wrongPassword
)

// faultOf returns a fault of client authentication. In the shared layout all are one and the same
// (RFC 6749 §5.2), so that nobody learns which client ids exist.
func faultOf(v variant) *Fault {
	return &Fault{Status: http.StatusUnauthorized, Code: "invalid_client", Description: "Client authentication failed", variant: v}
}

// inRealm returns the fault as clients of the realm layout know it. basic tells that the client tried
// to authenticate by the Authorization header, which makes a 401 obligatory (RFC 6749 §5.2).
func (f *Fault) inRealm(basic bool) *Fault {
	said := *f
	switch f.variant {
	case unknownClient:
		said.Description = "Invalid client_id"
		if !basic {
			said.Status = http.StatusBadRequest
		}
	case wrongSecret:
		said.Code, said.Description = "unauthorized_client", "Invalid client secret"
	case unusableClient:
		said.Code, said.Description = "unauthorized_client", "Client is disabled"
	case wrongPassword:
		said.Status = http.StatusUnauthorized
	case plain:
	}
	return &said
}

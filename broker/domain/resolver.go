package domain

import (
	"context"
	"errors"
	"net"
)

// A Resolver looks up TXT records, as net.Resolver does.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// ServerAt returns a Resolver that asks one name server, host:port, and not those of this machine, which
// may have another view of the tenants' domains than the rest of the world.
func ServerAt(address string) Resolver {
	var dialer net.Dialer
	return &server{address: address, resolver: net.Resolver{
		PreferGo: true, // the one that Dial is for
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
	}}
}

type server struct {
	address  string
	resolver net.Resolver
}

// LookupTXT implements Resolver. Its errors name the server that was asked, where net.Resolver names one of
// this machine's.
func (s *server) LookupTXT(ctx context.Context, name string) ([]string, error) {
	found, err := s.resolver.LookupTXT(ctx, name)
	var failed *net.DNSError
	if errors.As(err, &failed) {
		ours := *failed
		ours.Server = s.address
		return nil, &ours
	}
	return found, err
}

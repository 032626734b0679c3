// Api is an API that accepts patchbay's access tokens. It judges them by itself, with the issuers' keys.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/patchbay-auth/patchbay/resource"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	base, listen := os.Getenv("PATCHBAY"), os.Getenv("LISTEN")
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	if listen == "" {
		listen = "127.0.0.1:8090"
	}
	verifier, err := resource.New(resource.Config{
		Issuers:  []string{base + "/id", base + "/auth/realms/acme"},
		Audience: "contact-centre",
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	protect := verifier.Require(resource.Need{Scopes: []string{"contact-centre"}})
	mux.Handle("GET /calls", protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := resource.FromContext(r.Context())
		_, _ = fmt.Fprintf(w, "calls of user %s at %s\n", token.Subject, token.Tenant)
	})))

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println("Listening on http://" + listener.Addr().String())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// Login signs a person in: authorization code with PKCE, as a program with a browser beside it does.
// It prints an address to open, and ends once the person has signed in.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	base := os.Getenv("PATCHBAY")
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	provider, err := oidc.NewProvider(ctx, base+"/id") // reads the discovery document
	if err != nil {
		return err
	}
	// On loopback the port may be any (RFC 8252 §7.3); the client has http://127.0.0.1/callback.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	app := oauth2.Config{
		ClientID: "agent-app", ClientSecret: "demo-only-agent-app-secret-0123456789",
		Endpoint: provider.Endpoint(), RedirectURL: "http://" + listener.Addr().String() + "/callback",
		Scopes: []string{"openid", "profile", "offline_access", "contact-centre"},
	}

	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	fmt.Println("Open", app.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	code, err := wait(ctx, listener, state)
	if err != nil {
		return err
	}

	token, err := app.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return err
	}
	raw, _ := token.Extra("id_token").(string)
	person, err := provider.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
	if err != nil {
		return err
	}
	if person.Nonce != nonce {
		return errors.New("the ID token is not the one we asked for")
	}
	var claims struct{ Name string }
	if err := person.Claims(&claims); err != nil {
		return err
	}
	fmt.Println("signed in:", person.Subject, claims.Name)

	// TokenSource refreshes by itself when the access token has expired; here it has to at once.
	fresh, err := app.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		return err
	}
	fmt.Println("refreshed: another access token", fresh.AccessToken != token.AccessToken,
		"another refresh token", fresh.RefreshToken != token.RefreshToken)
	return nil
}

// wait returns the code that the browser brings back.
func wait(ctx context.Context, listener net.Listener, state string) (string, error) {
	type result struct {
		code string
		err  error
	}
	done := make(chan result, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/callback" || q.Get("state") != state {
			http.NotFound(w, r) // not ours: browsers ask for icons, and strangers for anything
			return
		}
		_, _ = fmt.Fprintln(w, "You may close this window.")
		if q.Get("error") != "" {
			done <- result{err: fmt.Errorf("%s: %s", q.Get("error"), q.Get("error_description"))}
			return
		}
		done <- result{code: q.Get("code")}
	})}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Shutdown(ctx) }()
	select {
	case r := <-done:
		return r.code, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

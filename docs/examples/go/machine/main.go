// Machine gets a token without a person, and asks about it as an API would.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
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
	provider, err := oidc.NewProvider(ctx, base+"/id")
	if err != nil {
		return err
	}
	reporting := clientcredentials.Config{
		ClientID: "reporting", ClientSecret: "demo-only-reporting-secret-0123456789",
		TokenURL: provider.Endpoint().TokenURL,
		Scopes:   []string{"contact-centre:10010:4711"}, // as user 4711 of tenant 10010
	}
	token, err := reporting.Token(ctx) // reporting.Client(ctx) sends and renews it by itself
	if err != nil {
		return err
	}
	fmt.Println("token:", token.Type(), token.Extra("scope"))

	var metadata struct {
		Introspection string `json:"introspection_endpoint"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return err
	}
	body := url.Values{"token": {token.AccessToken}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, metadata.Introspection, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth("api", "demo-only-api-secret-01234567890123456")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("introspection: %s", response.Status)
	}
	var answer struct {
		Active   bool   `json:"active"`
		ClientID string `json:"client_id"`
		Subject  string `json:"sub"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	fmt.Println("introspection:", answer.Active, answer.ClientID, answer.Subject)
	return nil
}

package resource_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/resource"
	"github.com/patchbay-auth/patchbay/resource/ginauth"
)

// An API that needs a scope of the token and a permission of its user.
func ExampleVerifier_Require() {
	login, err := startLogin()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer login.server.Close()
	v, err := resource.New(resource.Config{Issuers: []string{login.url}, Audience: "contact-centre", Now: login.clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	need := resource.Need{Scopes: []string{"contact-centre"}, Permissions: []string{"softphone"}}
	mux.Handle("GET /calls", v.Require(need)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := resource.FromContext(r.Context())
		_, _ = fmt.Fprintf(w, "calls of user %s at %s", token.Subject, token.Tenant)
	})))
	api := httptest.NewServer(mux)
	defer api.Close()

	call(api.URL+"/calls", login.token())
	call(api.URL+"/calls", "")
	call(api.URL+"/calls", login.token(with("scope", "openid")))
	// Output:
	// 200 calls of user 4711 at acme
	// 401 Bearer realm="contact-centre"
	// 403 Bearer realm="contact-centre", error="insufficient_scope", error_description="The access token lacks a scope", scope="contact-centre"
}

// An API that sees revocations within seconds, because it asks patchbay about every token.
func ExampleIntrospection() {
	login, err := startLogin()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer login.server.Close()
	v, err := resource.New(resource.Config{
		Issuers: []string{login.url}, Audience: "contact-centre", Now: login.clock,
		Introspection: &resource.Introspection{ClientID: "api", ClientSecret: "secret"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	raw := login.token()
	token, err := v.Verify(context.Background(), raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Subject, token.Scope)

	login.revoke(raw)
	_, err = v.Verify(context.Background(), raw)
	fmt.Println(err)
	// Output:
	// 4711 [openid contact-centre]
	// access token is not valid: its issuer says that it is not active
}

// The same with gin.
func ExampleVerifier_gin() {
	login, err := startLogin()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer login.server.Close()
	v, err := resource.New(resource.Config{Issuers: []string{login.url}, Audience: "contact-centre", Now: login.clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(ginauth.Require(v, resource.Need{Scopes: []string{"contact-centre"}}))
	engine.GET("/calls", func(c *gin.Context) {
		token, _ := ginauth.Token(c)
		c.String(http.StatusOK, "calls of user %s", token.Subject)
	})
	api := httptest.NewServer(engine)
	defer api.Close()

	call(api.URL+"/calls", login.token())
	call(api.URL+"/calls", "garbage")
	// Output:
	// 200 calls of user 4711
	// 401 Bearer realm="contact-centre", error="invalid_token", error_description="The access token is not valid"
}

// call prints what an API answers: the status, and the body or the challenge.
func call(address, token string) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	if response.StatusCode == http.StatusOK {
		fmt.Println(response.StatusCode, string(body))
		return
	}
	fmt.Println(response.StatusCode, response.Header.Get("WWW-Authenticate"))
}

package provider

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// TestImplemented holds the list of what the library may reach. A method that is added to it must
// have its refusals tested before.
func TestImplemented(t *testing.T) {
	want := []string{"CodeExchange", "RefreshToken", "Revocation", "UserInfo", "VerifyClient"}
	file, err := parser.ParseFile(token.NewFileSet(), "server.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv == nil || !f.Name.IsExported() {
			continue
		}
		if name, ok := f.Recv.List[0].Type.(*ast.Ident); ok && name.Name == "server" {
			got = append(got, f.Name.Name)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("server implements %v, want %v", got, want)
	}
	known := reflect.TypeFor[op.Server]()
	for _, name := range got {
		if _, ok := known.MethodByName(name); !ok {
			t.Errorf("%s is no method of the library's Server", name)
		}
	}
}

// TestLibraryFaults: the library's own errors, should one get past the front handler, are told in
// our words.
func TestLibraryFaults(t *testing.T) {
	for _, l := range []*layout{shared(), perRealm()} {
		router := op.RegisterServer(server{}, l.libraryEndpoints(), op.WithServerCORSOptions(nil))
		for _, c := range []struct {
			name   string
			e      endpoint
			body   string
			status int
			code   string
		}{
			{"no grant type", tokens, "", 400, "invalid_request"},
			{"unknown grant type", tokens, "grant_type=magic", 400, "unsupported_grant_type"},
			{"jwt-bearer without a client", tokens, "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x", 400, "unsupported_grant_type"},
			{"no client", tokens, "grant_type=authorization_code", 400, "invalid_request"},
			{"introspection", introspection, "token=x&client_id=api&client_secret=x", 404, "not_found"},
			{"userinfo without a token", userinfo, "", 400, "invalid_request"},
			{"device authorization", "none", "", 404, "not_found"},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://op.example"+l.paths[c.e], strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			captured := newCaptured()
			router.ServeHTTP(captured, r)
			if captured.status < 400 {
				t.Errorf("%s: the library answered %d", c.name, captured.status)
				continue
			}
			if f := fromLibrary(captured); f.Status != c.status || f.Code != c.code {
				t.Errorf("realm %v, %s: told as %d %s, want %d %s (library: %d %s)",
					l.realm, c.name, f.Status, f.Code, c.status, c.code, captured.status, captured.body.String())
			}
		}
	}
}

// TestWithoutLibrary: the library's lines go, ours stay.
func TestWithoutLibrary(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(WithoutLibrary(slog.NewTextHandler(&out, nil))))
	op.RegisterServer(server{}, shared().libraryEndpoints(), op.WithServerCORSOptions(nil))
	slog.With("a", 1).WithGroup("g").Info("ours")
	if got := out.String(); !strings.Contains(got, "msg=ours") || strings.Contains(got, "registered route") {
		t.Errorf("log has %q", got)
	}
}

package provider_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An apiDoc is the OpenAPI document as a tool reads it.
type apiDoc struct {
	OpenAPI string `json:"openapi"`
	Servers []struct {
		URL string `json:"url"`
	} `json:"servers"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]struct {
			Enum       []string                  `json:"enum"`
			OneOf      []map[string]string       `json:"oneOf"`
			Properties map[string]map[string]any `json:"properties"`
		} `json:"schemas"`
	} `json:"components"`
}

func readAPI(t *testing.T, w *world) (apiDoc, map[string]any) {
	t.Helper()
	a := w.browser().get(w.base + "/openapi.json")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" {
		t.Fatalf("openapi.json: %d %s", a.status, a.header.Get("Content-Type"))
	}
	var doc apiDoc
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Servers) != 1 || doc.Servers[0].URL != w.base {
		t.Errorf("openapi %q, servers %v", doc.OpenAPI, doc.Servers)
	}
	return doc, a.json(t)
}

// TestAPIDescribesEveryEndpoint: whatever discovery names is in the document, and whatever is in the
// document answers, to the methods that are there and to no others.
func TestAPIDescribesEveryEndpoint(t *testing.T) {
	w := newWorld(t)
	doc, _ := readAPI(t, w)
	for _, l := range w.layouts() {
		for name, value := range w.browser().get(l.issuer + "/.well-known/openid-configuration").json(t) {
			address, _ := value.(string)
			if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
				continue
			}
			path := strings.Replace(strings.TrimPrefix(address, w.base), "/realms/acme/", "/realms/{account}/", 1)
			if doc.Paths[path] == nil {
				t.Errorf("%s of the %s issuer: %s is not described", name, l.name, path)
			}
		}
	}
	if len(doc.Paths) < 20 {
		t.Fatalf("%d paths only", len(doc.Paths))
	}
	for path, item := range doc.Paths {
		address := w.base + strings.Replace(path, "{account}", "acme", 1)
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			status := w.send(address, call{method: method}).status
			_, described := item[strings.ToLower(method)]
			probe := strings.HasSuffix(path, "z") // whatever the method
			if status == http.StatusNotFound || !probe && described == (status == http.StatusMethodNotAllowed) {
				t.Errorf("%s %s: described %v, answered %d", method, path, described, status)
			}
		}
	}
}

// TestAPIListsWhatDiscoveryLists: neither more nor less.
func TestAPIListsWhatDiscoveryLists(t *testing.T) {
	w := newWorld(t)
	doc, _ := readAPI(t, w)
	metadata := w.browser().get(w.layouts()[0].issuer + "/.well-known/openid-configuration").json(t)
	for schema, member := range map[string]string{
		"GrantType": "grant_types_supported", "ResponseType": "response_types_supported", "ResponseMode": "response_modes_supported",
		"Prompt": "prompt_values_supported", "CodeChallengeMethod": "code_challenge_methods_supported",
	} {
		if diff := cmp.Diff(sorted(metadata[member]), sorted(doc.Components.Schemas[schema].Enum)); diff != "" {
			t.Errorf("%s (- discovery, + openapi.json):\n%s", schema, diff)
		}
	}
	var requests []string
	for _, ref := range doc.Components.Schemas["TokenRequest"].OneOf {
		name := strings.TrimPrefix(ref["$ref"], "#/components/schemas/")
		grant, _ := doc.Components.Schemas[name].Properties["grant_type"]["const"].(string)
		requests = append(requests, grant)
	}
	// A grant that the implicit flow is called by in discovery has no request at the token endpoint.
	grants := slices.DeleteFunc(sorted(metadata["grant_types_supported"]), func(g string) bool { return g == "implicit" })
	if diff := cmp.Diff(grants, sorted(requests)); diff != "" {
		t.Errorf("token requests (- discovery, + openapi.json):\n%s", diff)
	}
}

func sorted(list any) []string {
	var out []string
	switch list := list.(type) {
	case []any:
		for _, v := range list {
			s, _ := v.(string)
			out = append(out, s)
		}
	case []string:
		out = slices.Clone(list)
	}
	slices.Sort(out)
	return out
}

// TestAPIListsEveryErrorCode compares the document with the faults in the source.
func TestAPIListsEveryErrorCode(t *testing.T) {
	w := newWorld(t)
	doc, _ := readAPI(t, w)
	listed := sorted(doc.Components.Schemas["ErrorCode"].Enum)
	codes := faultCodes(t)
	if len(codes) < 10 {
		t.Fatalf("found %v only", codes)
	}
	for _, code := range codes {
		if !slices.Contains(listed, code) {
			t.Errorf("openapi.json does not list the error %s", code)
		}
	}
	for _, code := range listed {
		// RFC 8628 §3.5 and RFC 6750 §3.1 have codes that reach a Fault by other ways than its literal.
		others := []string{"authorization_pending", "slow_down", "expired_token", "unauthorized"}
		if !slices.Contains(codes, code) && !slices.Contains(others, code) {
			t.Errorf("openapi.json lists the error %s, which nothing answers", code)
		}
	}
}

// faultCodes returns the codes of the Fault literals in this package.
func faultCodes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			pair, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, isName := pair.Key.(*ast.Ident)
			value, isText := pair.Value.(*ast.BasicLit)
			if isName && isText && key.Name == "Code" {
				if code, err := strconv.Unquote(value.Value); err == nil {
					found[code] = true
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// TestAPIIsWellFormed: references lead somewhere, operations have names of their own and say what
// they answer, and everything that is defined is used.
func TestAPIIsWellFormed(t *testing.T) {
	w := newWorld(t)
	_, doc := readAPI(t, w)
	var refs, operations []string
	walk(doc, func(node map[string]any) {
		if ref, ok := node["$ref"].(string); ok {
			refs = append(refs, ref)
			if resolve(doc, ref) == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		if id, ok := node["operationId"].(string); ok {
			operations = append(operations, id)
			if answers, _ := node["responses"].(map[string]any); len(answers) == 0 || node["summary"] == nil || node["tags"] == nil {
				t.Errorf("operation %s lacks a summary, a tag or responses", id)
			}
		}
		if node["x-values-from"] != nil {
			t.Errorf("values were not filled in: %v", node)
		}
	})
	if len(refs) == 0 || len(operations) == 0 {
		t.Fatal("nothing was walked")
	}
	slices.Sort(operations)
	if unique := slices.Compact(slices.Clone(operations)); len(unique) != len(operations) {
		t.Errorf("operation ids occur twice: %v", operations)
	}
	components, _ := doc["components"].(map[string]any)
	for kind, list := range components {
		named, _ := list.(map[string]any)
		for name := range named {
			if ref := "#/components/" + kind + "/" + name; kind != "securitySchemes" && !slices.Contains(refs, ref) {
				t.Errorf("%s is used nowhere", ref)
			}
		}
	}
}

func walk(node any, visit func(map[string]any)) {
	switch node := node.(type) {
	case map[string]any:
		visit(node)
		for _, child := range node {
			walk(child, visit)
		}
	case []any:
		for _, child := range node {
			walk(child, visit)
		}
	}
}

// resolve follows a reference inside a document.
func resolve(doc map[string]any, ref string) any {
	var at any = doc
	for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		node, _ := at.(map[string]any)
		at = node[step]
	}
	return at
}

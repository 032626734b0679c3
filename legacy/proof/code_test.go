package proof

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// codes reads the constants from the source, so that none can be left out below.
func codes(t *testing.T) map[Code]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := map[Code]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			names[Code(value)] = spec.Names[0].Name
		}
		return true
	})
	if len(names) < 20 {
		t.Fatalf("found only %d codes", len(names))
	}
	return names
}

// TestEveryCode has a meaning, something to do, a row in the docs that says the same, and a test.
func TestEveryCode(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name) //nolint:gosec // of this repository
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	docs, tests := read("../../docs/check.md"), read("proof_test.go")+read("../../cmd/patchbay/testdata/script/check.txtar")
	names := codes(t)
	if len(names) != len(catalogue()) {
		t.Errorf("%d codes, and %d in the catalogue", len(names), len(catalogue()))
	}
	for code, name := range names {
		k, ok := catalogue()[code]
		if !ok || k.severity == "" || k.meaning == "" || k.action == "" {
			t.Errorf("%s: the catalogue has %+v", code, k)
		}
		if row := fmt.Sprintf("| `%s` | %s | %s | %s |", code, k.severity, k.meaning, strings.ReplaceAll(k.action, "|", `\|`)); !strings.Contains(docs, row) {
			t.Errorf("docs/check.md lacks\n%s", row)
		}
		if !regexp.MustCompile(`proof\.`+name+`\b`).MatchString(tests) && !strings.Contains(tests, string(code)+":") {
			t.Errorf("no test finds %s", code)
		}
	}
}

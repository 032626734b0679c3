package mapping

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedFunctions holds the table of docs/mapping.md to the templates.
func TestDocumentedFunctions(t *testing.T) {
	text, err := os.ReadFile("../docs/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	from := claimSource{Identity{Claims: map[string]any{"account": `ACME\Ana`, "staff": "42", "mail": "Ana@acme.example"}}}
	documented := map[string]bool{}
	rows := regexp.MustCompile("(?m)^\\| (`[a-z].*?) \\| `(\\{\\{.*?\\}\\})`(?: is `(.*?)`)? \\|").FindAllStringSubmatch(string(text), -1)
	for _, row := range rows {
		for _, name := range regexp.MustCompile("`([a-z]+)").FindAllStringSubmatch(row[1], -1) {
			documented[name[1]] = true
		}
		compiled, err := compileTemplate(strings.ReplaceAll(row[2], `\|`, "|"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got, err := compiled.render(from); err != nil || row[3] != "" && got != row[3] {
			t.Errorf("%s is %q, %v; documented as %q", row[2], got, err, row[3])
		}
	}
	for _, f := range functions() {
		if !documented[f.name] {
			t.Errorf("docs/mapping.md does not describe %s", f.name)
		}
	}
}

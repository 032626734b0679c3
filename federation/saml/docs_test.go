package saml

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRefusalsAreDocumentedInTheirWords: administrators look for the words of the log in the guide.
func TestRefusalsAreDocumentedInTheirWords(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, name := range append(files, filepath.Join("..", "upstream.go"), filepath.Join("..", "externalid.go")) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name) //nolint:gosec // of this package
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "idps", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(guide), "## When a login is refused\n")
	if !found {
		t.Fatal("the guide has no such section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| [^|]*`).FindAllString(section, -1)
	if len(rows) < 15 {
		t.Fatalf("only %d rows", len(rows))
	}
	said := regexp.MustCompile("`([^`]*)`")
	variable := regexp.MustCompile(`"[^"]*"|…`)
	for _, row := range rows {
		for _, words := range said.FindAllStringSubmatch(row, -1) {
			for _, part := range variable.Split(words[1], -1) {
				if part = strings.TrimSpace(part); !strings.Contains(source.String(), part) {
					t.Errorf("the guide says %s, and no error has %q", words[0], part)
				}
			}
		}
	}
}

package interop

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestDocumentedVersions holds the table of docs/clients.md to what is installed.
func TestDocumentedVersions(t *testing.T) {
	text, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var installed struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(text, &installed); err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(root + "/docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"openid-client", "oidc-client-ts", "express-openid-connect"} {
		version, documented := installed.Dependencies[name], false
		for row := range strings.Lines(string(document)) {
			documented = documented || strings.Contains(row, "`"+name+"`") && strings.Contains(row, "| "+version+" |")
		}
		if version == "" || !documented {
			t.Errorf("docs/clients.md has no row for npm's %s in version %q", name, version)
		}
	}
}

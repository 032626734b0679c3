package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocumentedVersions holds the tables of what is known to work to what is installed.
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
	for document, names := range map[string][]string{
		"docs/clients.md":     {"openid-client", "oidc-client-ts", "express-openid-connect"},
		"docs/idps/README.md": {"samlp", "oidc-provider"},
	} {
		rows := readDocument(t, document)
		for _, name := range names {
			version, documented := installed.Dependencies[name], false
			for row := range strings.Lines(rows) {
				documented = documented || strings.Contains(row, "`"+name+"`") && strings.Contains(row, "| "+version+" |")
			}
			if version == "" || !documented {
				t.Errorf("%s has no row for npm's %s in version %q", document, name, version)
			}
		}
	}
}

// TestSimpleSAMLphpIsAsAdvised: the guide's options are those that the tests run with.
func TestSimpleSAMLphpIsAsAdvised(t *testing.T) {
	_, section, _ := strings.Cut(readDocument(t, "docs/idps/simplesamlphp.md"), "saml20-idp-hosted.php\n")
	_, section, _ = strings.Cut(section, "```php\n")
	advice, _, found := strings.Cut(section, "```")
	if !found {
		t.Fatal("the guide has no options")
	}
	hosted := readDocument(t, "internal/interop/simplesamlphp/metadata/saml20-idp-hosted.php")
	for line := range strings.Lines(advice) {
		if !strings.Contains(hosted, strings.TrimSpace(line)) {
			t.Errorf("the guide says %q, and the test does not", line)
		}
	}
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name)) //nolint:gosec // a file of this repository
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

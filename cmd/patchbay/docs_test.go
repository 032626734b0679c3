package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/config"
	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

const root = "../../"

// yamlBlocks returns the YAML examples of a document that contain a text.
func yamlBlocks(t *testing.T, document, containing string) []string {
	t.Helper()
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(read(t, root+document), -1) {
		if strings.Contains(match[1], containing) {
			blocks = append(blocks, match[1])
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no YAML example with %q", document, containing)
	}
	return blocks
}

// TestDocumentedExamples holds what people copy from the documents to the parsers.
func TestDocumentedExamples(t *testing.T) {
	t.Setenv("PATCHBAY_PASSPHRASE", "correct horse battery staple")
	for _, text := range yamlBlocks(t, "docs/configuration.md", "public_url:") {
		file := filepath.Join(t.TempDir(), "patchbay.yaml")
		write(t, file, text)
		if _, err := config.Load(file); err != nil {
			t.Error(err)
		}
	}
	for _, text := range yamlBlocks(t, "README.md", "account:") {
		if _, err := registry.ParseTenantFile("README.md", []byte(text), nil); err != nil {
			t.Error(err)
		}
	}
	const tenant = "account: acme\nname: Acme\nlegacy_tenant: 1\ndomains: [acme.example]\nconnections:\n" +
		"  - id: corp\n    type: oidc\n    issuer: https://idp.example\n    client_id: x\n"
	for _, document := range []string{"docs/configuration.md", "docs/mapping.md"} {
		for _, text := range yamlBlocks(t, document, "\n  - name:") {
			rules := "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
			if _, err := registry.ParseTenantFile(document, []byte(tenant+rules+"\n"), nil); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestSwitchExamples holds the clients of switches to the parser, and what is said of Kamailio's
// configuration to the configuration, which a test of the demo runs.
func TestSwitchExamples(t *testing.T) {
	t.Setenv("SBC_SECRET", strings.Repeat("s", 32))
	t.Setenv("KAMAILIO_SECRET", strings.Repeat("k", 32))
	for _, document := range []string{"docs/switches/audiocodes.md", "docs/switches/kamailio.md"} {
		for _, text := range yamlBlocks(t, document, "clients:") {
			text = "account: acme\nname: Acme\nlegacy_tenant: 1\n" + text
			if _, err := registry.ParseTenantFile(document, []byte(text), yamlfault.Process("")); err != nil {
				t.Error(err)
			}
		}
	}
	route := regexp.MustCompile("(?s)```\n(route.*?)\t…").FindStringSubmatch(read(t, root+"docs/switches/kamailio.md"))
	plain := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(read(t, root+"docs/switches/kamailio.cfg"), "")
	if route == nil || !strings.Contains(plain, route[1]) {
		t.Error("docs/switches/kamailio.md quotes what kamailio.cfg does not say")
	}
}

// TestIdentityProviderExamples holds the connections of the guides to the parser, and the words that are
// quoted of the log to the sources.
func TestIdentityProviderExamples(t *testing.T) {
	t.Setenv("CORP_SECRET", "the secret of a provider")
	for _, document := range []string{
		"docs/idps/simplesamlphp.md", "docs/idps/adfs.md", "docs/idps/auth0.md", "docs/idps/entra.md", "docs/idps/google.md", "docs/idps/generic.md",
	} {
		for _, text := range yamlBlocks(t, document, "connections:") {
			text = "account: acme\nname: Acme\nlegacy_tenant: 1\ndomains: [acme.example]\n" + text
			if _, err := registry.ParseTenantFile(document, []byte(text), yamlfault.Process("")); err != nil {
				t.Error(err)
			}
		}
	}
	var sources strings.Builder
	files, err := filepath.Glob(root + "federation/saml/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		sources.WriteString(read(t, file))
	}
	_, refusals, found := strings.Cut(read(t, root+"docs/idps/README.md"), "| it says |")
	quoted := regexp.MustCompile("(?m)^\\| (`.*?`) \\|").FindAllStringSubmatch(refusals, -1)
	if !found || len(quoted) < 5 {
		t.Fatalf("docs/idps/README.md quotes %d errors only", len(quoted))
	}
	for _, row := range quoted {
		for words := range strings.SplitSeq(row[1], "`, `") {
			words, _, _ = strings.Cut(strings.Trim(words, "`"), " …") // a value follows, in quotes
			words, _, _ = strings.Cut(words, ` "…`)
			if !strings.Contains(sources.String(), words) {
				t.Errorf("docs/idps/README.md quotes %q, which federation/saml does not say", words)
			}
		}
	}
}

// TestEveryKeyIsDocumented finds the keys by the tags of the structs that the files are decoded into.
func TestEveryKeyIsDocumented(t *testing.T) {
	text := read(t, root+"docs/configuration.md")
	tag := regexp.MustCompile("yaml:\"([a-z0-9_]+)\"")
	keys := 0
	for _, pattern := range []string{"internal/config/*.go", "broker/registry/*.go", "mapping/rule.go", "legacy/profilefile.go"} {
		files, err := filepath.Glob(root + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			for _, match := range tag.FindAllStringSubmatch(read(t, file), -1) {
				keys++
				if !regexp.MustCompile("`[a-z_.]*\\b" + match[1] + "\\b[^`]*`").MatchString(text) {
					t.Errorf("docs/configuration.md does not describe the key %s of %s", match[1], filepath.Base(file))
				}
			}
		}
	}
	if keys < 60 {
		t.Errorf("found %d keys only", keys)
	}
}

// TestEveryDependencyHasAReason compares go.mod with the table of ADR 5, both ways.
func TestEveryDependencyHasAReason(t *testing.T) {
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`) // without "// indirect"
	var required, explained []string
	for _, match := range direct.FindAllStringSubmatch(read(t, root+"go.mod"), -1) {
		required = append(required, match[1])
	}
	table := regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|")
	for _, match := range table.FindAllStringSubmatch(read(t, root+"docs/adr/0005-dependencies.md"), -1) {
		explained = append(explained, strings.Split(strings.Trim(match[1], "`"), "`, `")...)
	}
	if len(required) == 0 {
		t.Fatal("go.mod was not understood")
	}
	for _, module := range required {
		if !slices.Contains(explained, module) {
			t.Errorf("docs/adr/0005-dependencies.md has no reason for %s", module)
		}
	}
	for _, module := range explained {
		if !slices.Contains(required, module) {
			t.Errorf("docs/adr/0005-dependencies.md has a reason for %s, which go.mod does not require", module)
		}
	}
}

// TestLinksBetweenDocuments finds links to files that are not there.
func TestLinksBetweenDocuments(t *testing.T) {
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "docs/idps/*.md", "docs/switches/*.md"} {
		files, err := filepath.Glob(root + pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		documents = append(documents, files...)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, document := range documents {
		for _, match := range link.FindAllStringSubmatch(read(t, document), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), match[1])); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}
	}
}

package patchbay_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/patchbay-auth/patchbay"

// floors is the architecture: a package imports packages of lower floors, and those listed as its
// rooms. A new package gets a floor here, with a reason in docs/architecture.md, or the test fails.
var floors = map[string]int{
	"cmd/patchbay": 7, "cmd/patchbay/internal/demo": 6, "cmd/patchbay/internal/bench": 6, "cmd/patchbay/internal/server": 5,

	"broker/sqlstore": 4, "provider": 4, "provider/login": 4, "provider/token": 4, "provider/backchannel": 4,

	"broker": 3,

	"broker/registry": 2, "broker/grant": 2, "broker/keyring": 2, "broker/throttle": 2, "broker/domain": 2,
	"broker/census": 2, "broker/shadow": 2,

	"federation": 1, "federation/saml": 1, "legacy": 1, "legacy/iq": 1, "legacy/passhash": 1,

	"legacy/proof": 1, // what check says of a profile on real rows

	"internal/config": 1, // what cmd/patchbay reads at start

	"resource": 0, "resource/ginauth": 1, // for the APIs of others: see TestResourceIsALeaf

	"mapping": 0, "testdata/iq": 0,
	"internal/secret": 0, "internal/id": 0, "internal/web": 0, "internal/keyfile": 0, "internal/yamlfault": 0,
	"internal/prepared":  0, // SQLite connections that keep their statements
	"internal/egress":    0, // where requests may go whose addresses others chose
	"internal/ratelimit": 0, // who may ask how often; the configuration names its rates
}

// kits are for tests and the demo; they may import anything below the command line.
var kits = map[string]bool{
	"federation/idptest": true, "legacy/legacytest": true, "broker/storetest": true,
	"internal/mariadbtest": true, "internal/browsertest": true, "internal/interop": true,
}

// rooms are the arrows inside one floor. Everything else on the same floor is forbidden.
var rooms = map[string][]string{
	"internal/yamlfault": {"internal/secret"}, // whose values its faults never show
	"provider":           {"provider/login", "provider/token", "provider/backchannel"},
	"provider/login":     {"provider/token"},
	"federation/saml":    {"federation"}, // whose requests and responses it speaks
	"legacy":             {"legacy/passhash"},
	"legacy/proof":       {"legacy", "legacy/passhash"}, // it reads through one, and counts hashes
	"legacy/iq":          {"legacy", "legacy/passhash"}, // it is a legacy.Profile
	"broker/grant":       {"broker/registry"},           // a grant names its account and client
	"broker/domain":      {"broker/registry"},           // a proof is of a tenant's claim
}

// only names libraries that a single part of the tree may import.
var only = map[string][]string{
	"github.com/zitadel/oidc/v3/pkg/op":   {"provider", "provider/login", "federation/idptest"},
	"github.com/coreos/go-oidc":           {"federation"},
	"github.com/crewjam/saml":             {"federation/saml", "federation/idptest"},
	"github.com/russellhaering/goxmldsig": {"federation/saml", "federation/idptest"},
	"github.com/beevik/etree":             {"federation/saml", "federation/idptest"},
	"github.com/jackc/pgx":                {"legacy", "legacy/legacytest"},
	"github.com/microsoft/go-mssqldb":     {"legacy"},
}

// pureFloor lists what mapping must not reach, even transitively inside this module.
var impure = []string{"net", "net/http", "database/sql", "os", "time/tzdata"}

func TestImportsGoDownward(t *testing.T) {
	imports := moduleImports(t)
	for pkg, list := range imports {
		floor, known := floors[pkg]
		if !known && !kits[pkg] && pkg != "." {
			t.Errorf("%s has no floor: give it one in layering_test.go, and its reason in docs/architecture.md", pkg)
			continue
		}
		for _, imp := range list {
			checkLibrary(t, pkg, imp)
			target, ours := strings.CutPrefix(imp, module+"/")
			if !ours {
				continue
			}
			if kits[target] && !kits[pkg] && pkg != "cmd/patchbay/internal/demo" {
				t.Errorf("%s imports the test kit %s", pkg, target)
			}
			if kits[pkg] || kits[target] {
				continue
			}
			if floors[target] >= floor && !contains(rooms[pkg], target) {
				t.Errorf("%s (floor %d) imports %s (floor %d)", pkg, floor, target, floors[target])
			}
		}
		if pkg == "provider" || strings.HasPrefix(pkg, "provider/") || strings.HasPrefix(pkg, "admin") {
			for _, imp := range list {
				if imp == module+"/legacy" || imp == module+"/federation" {
					t.Errorf("%s imports %s: adapters are reached through broker only", pkg, imp)
				}
			}
		}
	}
}

func TestMappingHasNoIO(t *testing.T) {
	imports := moduleImports(t)
	if len(imports["mapping"]) == 0 {
		t.Fatal("mapping was not read")
	}
	for _, imp := range imports["mapping"] {
		if contains(impure, imp) || strings.HasPrefix(imp, module+"/") {
			t.Errorf("mapping imports %s: it decides from values alone", imp)
		}
	}
}

// TestResourceIsALeaf: whoever imports package resource gets go-jose with it and nothing else.
func TestResourceIsALeaf(t *testing.T) {
	imports := moduleImports(t)
	if len(imports["resource"]) == 0 {
		t.Fatal("resource was not read")
	}
	for _, imp := range imports["resource"] {
		if first, _, _ := strings.Cut(imp, "/"); strings.Contains(first, ".") && !strings.HasPrefix(imp, "github.com/go-jose/") {
			t.Errorf("resource imports %s", imp)
		}
	}
}

func checkLibrary(t *testing.T, pkg, imp string) {
	t.Helper()
	for lib, allowed := range only {
		if imp == lib || strings.HasPrefix(imp, lib+"/") {
			if !contains(allowed, pkg) {
				t.Errorf("%s imports %s, which only %s may", pkg, imp, strings.Join(allowed, ", "))
			}
		}
	}
}

// moduleImports reads the imports of every non-test file, by package directory.
func moduleImports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string]map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		if file.Name.Name == "main" && !strings.HasPrefix(path, "cmd/") {
			return nil // generators beside their output
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		if found[pkg] == nil {
			found[pkg] = map[string]bool{}
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[pkg][name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for pkg, set := range found {
		for name := range set {
			imports[pkg] = append(imports[pkg], name)
		}
		sort.Strings(imports[pkg])
	}
	return imports
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

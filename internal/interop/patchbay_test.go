package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary is built once for all tests. It is not removed before the process ends: see TestMain.
var binary = sync.OnceValues(func() (string, error) {
	if err := watchSources(); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "patchbay-interop-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "patchbay")
	build := exec.Command("go", "build", "-o", path, "./cmd/patchbay") //nolint:gosec // our own sources
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return path, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

const root = "../.."

// watchSources opens every directory of the module. What a command reads is unknown to `go test`, which
// would repeat a cached result after the sources have changed; what a test opens it keeps an eye on.
func watchSources() error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2) {
			return filepath.SkipDir
		}
		return err
	})
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built {
		if path, _ := binary(); path != "" {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

// built is set by the first test that asks for the binary, so that a run that skips builds nothing.
var built bool

// A patchbay is a running demo with the clients of one test.
type patchbay struct {
	Base        string `json:"base"`
	Issuer      string `json:"issuer"`
	RealmIssuer string `json:"realm_issuer"`
	TenantID    string `json:"tenant_id"`
	Users       []user `json:"users"`
	Clients     map[string]struct {
		Secret       string   `json:"secret"`
		RedirectURIs []string `json:"redirect_uris"`
	} `json:"clients"`

	log *journal
	// dir is where it keeps its state.
	dir string
}

type user struct {
	Login            string `json:"login"`
	Password         string `json:"password"`
	UserID           string `json:"user_id"`
	SoftphoneAddress string `json:"softphone_address"`
}

// run starts the demo with these clients, a list in YAML, in its first tenant, and with whatever of a tenant
// file follows them. It ends with the test.
func run(t *testing.T, clients string) patchbay {
	t.Helper()
	built = true
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "clients.yaml")
	text := "account: acme\nname: Acme Support\nlegacy_tenant: \"10010\"\ndomains: [acme.example]\n" +
		"sip_domains: [pbx.acme.example]\nclients:\n" + clients
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := patchbay{dir: t.TempDir()}
	command := exec.CommandContext(t.Context(), path, "demo", "--listen", "127.0.0.1:0", "--json", "--data", p.dir, "--apply", file) //nolint:gosec // built above
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	p.log = start(t, command, &p)
	return p
}

// command runs a command beside the running server, on its state, and returns what it writes.
func (p patchbay) command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.dir, "patchbay.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\npublic_url: %q\nstate: { dsn: \"sqlite:state.db\" }\nlegacy: { driver: sqlite, dsn: iq.db }\n"+
		"key_file: keys.age\nkey_file_identity_file: identity.txt\n", p.Base)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, append(args, "--config", file)...).CombinedOutput() //nolint:gosec // built by us
	return string(out), err
}

// start starts a command that says in JSON, on its first line, how to reach it, and stops it with the
// test. What it writes to stderr is returned, and shown when the test fails.
func start(t *testing.T, command *exec.Cmd, ready any) *journal {
	t.Helper()
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := new(journal)
	command.Stderr = said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the test's context has ended, and with it the command
		_ = command.Wait()
		if text := said.String(); t.Failed() && text != "" {
			t.Logf("%s says:\n%s", filepath.Base(command.Path), text)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s said nothing: %v", filepath.Base(command.Path), err)
	}
	if err := json.Unmarshal(line, ready); err != nil {
		t.Fatalf("%s: %v: %s", filepath.Base(command.Path), err, line)
	}
	return said
}

// A journal is what a running command writes.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// await waits for a line that has all of these words: an answer may be here before the line about it.
func (j *journal) await(t *testing.T, words ...string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for line := range strings.Lines(j.String()) {
			if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
				return
			}
		}
	}
	t.Errorf("no line of the log has %q", words)
}

// confirmed expects that no identity provider's answer to a logout was found wanting.
func (j *journal) confirmed(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(j.String()) {
		if strings.Contains(line, "has not said that it has ended its session") {
			t.Error(line)
		}
	}
}

// need skips the test unless an installed thing is there, and fails it if it must be.
func need(t *testing.T, name string, there bool, install string) {
	t.Helper()
	if there {
		return
	}
	for required := range strings.SplitSeq(os.Getenv("PATCHBAY_TEST_REQUIRE"), ",") {
		if required == name {
			t.Fatal(install)
		}
	}
	t.Skip(install)
}

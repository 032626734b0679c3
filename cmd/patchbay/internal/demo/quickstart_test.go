package demo

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const examples = "../../../../docs/examples"

// A language is one that docs/quickstart.md has examples in.
type language struct {
	name string
	// command returns what runs an example, which skips the test where it cannot.
	command func(t *testing.T, example string) *exec.Cmd
}

func languages() []language {
	return []language{
		{"go", func(t *testing.T, example string) *exec.Cmd {
			binary := filepath.Join(t.TempDir(), example)
			build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./"+filepath.Join(examples, "go", example)) //nolint:gosec // names of this file
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return exec.CommandContext(t.Context(), binary) //nolint:gosec // built above
		}},
		{"python", func(t *testing.T, example string) *exec.Cmd {
			return exec.CommandContext(t.Context(), program(t, "python3"), filepath.Join(examples, "python", example+".py")) //nolint:gosec // names of this file
		}},
		{"node", func(t *testing.T, example string) *exec.Cmd {
			return exec.CommandContext(t.Context(), program(t, "node"), besideJOSE(t, filepath.Join(examples, "node", example+".mjs"))) //nolint:gosec // names of this file
		}},
	}
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("PATCHBAY_TEST_REQUIRE"), ","), name) {
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// besideJOSE copies an example to where it finds the package jose, if it asks for it.
func besideJOSE(t *testing.T, example string) string {
	t.Helper()
	text, err := os.ReadFile(example) //nolint:gosec // names of this file
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `from "jose"`) {
		return example
	}
	modules, err := filepath.Abs("../../../../internal/interop/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "jose")); err != nil {
		t.Skipf("npm ci --prefix internal/interop: %v", err)
	}
	dir := t.TempDir()
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, filepath.Base(example))
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

// A running example and what it prints.
type running struct {
	t     *testing.T
	lines *bufio.Scanner
	wait  func() error
}

func (l language) run(t *testing.T, d *demo, example string) *running {
	t.Helper()
	cmd := l.command(t, example)
	cmd.Env = append(os.Environ(), "PATCHBAY="+d.facts.Base, "LISTEN=127.0.0.1:0")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // one that serves was killed with the test's context
	return &running{t: t, lines: bufio.NewScanner(out), wait: cmd.Wait}
}

// next returns what follows a prefix on the next line.
func (r *running) next(prefix string) string {
	r.t.Helper()
	if !r.lines.Scan() {
		r.t.Fatalf("it ended before it printed %q: %v", prefix, r.wait())
	}
	rest, ok := strings.CutPrefix(r.lines.Text(), prefix)
	if !ok {
		r.t.Fatalf("it printed %q, not %q", r.lines.Text(), prefix)
	}
	return strings.ToLower(rest)
}

func (r *running) end() {
	r.t.Helper()
	if err := r.wait(); err != nil {
		r.t.Error(err)
	}
}

// TestQuickstartExamples runs the programs of docs/quickstart.md against a demo.
func TestQuickstartExamples(t *testing.T) {
	d := start(t, Options{})
	for _, l := range languages() {
		t.Run(l.name+" machine", func(t *testing.T) {
			r := l.run(t, d, "machine")
			if got := r.next("token: "); got != "bearer contact-centre" {
				t.Errorf("token: %s", got)
			}
			if got := r.next("introspection: "); got != "true reporting 4711" {
				t.Errorf("introspection: %s", got)
			}
			r.end()
		})
		t.Run(l.name+" login", func(t *testing.T) {
			r := l.run(t, d, "login")
			r.lines.Scan()
			signIn(t, d, strings.TrimPrefix(r.lines.Text(), "Open "))
			if got := r.next("signed in: "); got != "4711 ana hansen" {
				t.Errorf("signed in: %s", got)
			}
			if got := r.next("refreshed: "); strings.Count(got, "true") != 2 {
				t.Errorf("refreshed: %s", got)
			}
			r.end()
		})
		t.Run(l.name+" api", func(t *testing.T) {
			r := l.run(t, d, "api")
			address := r.next("Listening on ") + "/calls"
			token := reportingToken(t, d)
			for _, c := range []struct {
				name, authorization string
				status              int
				says                string
			}{
				{"a good token (control)", "Bearer " + token, http.StatusOK, "calls of user 4711 at acme\n"},
				{"none", "", http.StatusUnauthorized, "Bearer"},
				{"garbage", "Bearer garbage", http.StatusUnauthorized, `error="invalid_token"`},
				{"a broken signature", "Bearer " + token[:len(token)-4] + "AAAA", http.StatusUnauthorized, `error="invalid_token"`},
			} {
				if status, said := ask(t, address, c.authorization); status != c.status || !strings.Contains(said, c.says) {
					t.Errorf("%s: %d %s", c.name, status, said)
				}
			}
		})
	}
}

// signIn does what a person does with the address that a login example prints.
func signIn(t *testing.T, d *demo, address string) {
	t.Helper()
	b, err := newBrowser(nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.open(t.Context(), address)
	if err != nil {
		t.Fatalf("%q: %v", address, err)
	}
	user := d.facts.Users[0]
	if _, err := b.submit(t.Context(), p, "", map[string]string{"username": user.Login, "password": user.Password}); err != nil {
		t.Fatal(err)
	}
}

func reportingToken(t *testing.T, d *demo) string {
	t.Helper()
	answer, err := (&tourist{facts: d.facts}).machine(t.Context(), d.facts.Issuer, "reporting",
		url.Values{"grant_type": {"client_credentials"}, "scope": {"contact-centre:10010:4711"}})
	if err != nil {
		t.Fatal(err)
	}
	token, _ := answer["access_token"].(string)
	return token
}

// ask returns the status, and the challenge or else the body.
func ask(t *testing.T, address, authorization string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if challenge := response.Header.Get("WWW-Authenticate"); challenge != "" {
		return response.StatusCode, challenge
	}
	return response.StatusCode, string(body)
}

// TestQuickstartCommands pastes the commands of docs/quickstart.md into a shell, one after the other.
func TestQuickstartCommands(t *testing.T) {
	for _, name := range []string{"curl", "openssl", "sed"} {
		program(t, name)
	}
	text, err := os.ReadFile("../../../../docs/quickstart.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	for _, block := range blocks {
		script.WriteString(block[1] + "\necho; echo ----\n")
	}
	d := start(t, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, program(t, "bash"), "-eu") //nolint:gosec // found on PATH
	shell.Env = append(os.Environ(), "PATCHBAY="+d.facts.Base, "TMPDIR="+t.TempDir())
	shell.Stdin = strings.NewReader(script.String())
	shell.Stderr = t.Output()
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := strings.Split(string(out), "\n----\n")
	for i, want := range []string{
		`"issuer":"` + d.facts.Issuer + `"`, `"scope":"contact-centre"`, `"active":true`, `"name":"Ana Hansen"`,
		`"refresh_token":"`, `{"active":false}`,
	} {
		if i >= len(blocks) || !strings.Contains(said[i], want) {
			t.Errorf("command %d did not print %s:\n%s", i+1, want, out)
		}
	}
}

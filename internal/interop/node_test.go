package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// needNode skips the test unless node and the packages of package-lock.json are there.
func needNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	_, missing := os.Stat("node_modules/openid-client")
	need(t, "node", err == nil && missing == nil, "node and internal/interop/node_modules are needed: run scripts/test-deps")
	return node
}

// A line is what a script says: one of its fields.
type line struct {
	// Passed names a step that went well.
	Passed string `json:"passed"`
	// Visit is an address for a person to open, until one that begins with Until.
	Visit string `json:"visit"`
	Until string `json:"until"`
}

// talk runs a script to its end with a configuration, and lets a person do what it asks for. It returns
// the steps that the script passed, and fails the test if it did not exit with 0.
func talk(t *testing.T, someone *person, script string, config any) []string {
	t.Helper()
	argument, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), needNode(t), script, string(argument)) //nolint:gosec // our own script
	command.WaitDelay = time.Second
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := new(tail)
	command.Stderr = said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	steps, err := converse(t, someone, stdin, stdout)
	if err != nil {
		t.Errorf("%s, after %q: %v", script, steps, err)
	}
	_ = stdin.Close()
	if err := command.Wait(); err != nil {
		t.Fatalf("%s: %v, after %q\n%s", script, err, steps, said)
	}
	return steps
}

func converse(t *testing.T, someone *person, stdin io.Writer, stdout io.Reader) (steps []string, err error) {
	t.Helper()
	lines, answers := bufio.NewScanner(stdout), json.NewEncoder(stdin)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return steps, err
		}
		if l.Passed != "" {
			steps = append(steps, l.Passed)
			continue
		}
		if l.Visit == "" {
			return steps, errors.New("said neither passed nor visit")
		}
		at, err := someone.visit(t.Context(), l.Visit, l.Until)
		if err != nil {
			return steps, err
		}
		if err := answers.Encode(map[string]string{"at": at}); err != nil {
			return steps, err
		}
	}
	return steps, lines.Err()
}

// A tail keeps the end of what a command writes.
type tail struct{ text []byte }

const tailSize = 4000

func (l *tail) Write(b []byte) (int, error) {
	l.text = append(l.text, b...)
	if over := len(l.text) - tailSize; over > 0 {
		l.text = l.text[over:]
	}
	return len(b), nil
}

func (l *tail) String() string { return string(l.text) }

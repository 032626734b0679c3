package yamlfault

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// An Expander reads what a file refers to: ${NAME} in any text, and the files of …_file keys. Only
// the command line has one; a file that arrives any other way must not read the server's
// environment or disk.
type Expander interface {
	// Getenv returns the variable, and whether it is set.
	Getenv(name string) (string, bool)
	// ReadFile returns the content of a file named in the YAML file.
	ReadFile(name string) ([]byte, error)
}

// Process expands from this process's environment, and from files relative to dir.
func Process(dir string) Expander { return process{dir} }

type process struct{ dir string }

func (process) Getenv(name string) (string, bool) { return os.LookupEnv(name) }

func (p process) ReadFile(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(p.dir, name)
	}
	return os.ReadFile(name) //nolint:gosec // the operator's own file names it
}

// expand replaces ${NAME}; $${ stands for a literal ${. Unset variables are faults. It never quotes
// text, which may be a secret.
func expand(text string, from Expander) (string, error) {
	if from == nil {
		return text, nil
	}
	var out strings.Builder
	var faults []error
	for {
		at := strings.Index(text, "${")
		if at < 0 {
			out.WriteString(text)
			return out.String(), errors.Join(faults...)
		}
		if at > 0 && text[at-1] == '$' {
			out.WriteString(text[:at-1] + "${")
			text = text[at+2:]
			continue
		}
		out.WriteString(text[:at])
		name, rest, closed := strings.Cut(text[at+2:], "}")
		if !closed || !isVariable(name) {
			return "", errors.New("${ is not followed by a variable's name and }; write $${ for a literal ${")
		}
		value, set := from.Getenv(name)
		if !set {
			faults = append(faults, fmt.Errorf("environment variable %s is not set", name))
		}
		out.WriteString(value)
		text = rest
	}
}

func isVariable(name string) bool {
	for i, c := range name {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

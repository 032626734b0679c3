package yamlfault

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Fault is one thing wrong with a file.
type Fault struct {
	File string
	// Line counts from 1; zero means the file as a whole.
	Line int
	// Path leads to the key, as clients[1].redirect_uris[0]; empty means the file as a whole.
	Path    string
	Problem string
}

func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": ")
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Problem)
	return b.String()
}

// Faults is the error for a file with at least one fault, in the order of their lines.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// A File is a decoded file: it knows where its keys are and gathers what is wrong with them.
type File struct {
	name   string
	lines  map[string]int // by path
	faults Faults
	// unread holds the paths whose values could not be decoded. Whatever is said about such a value
	// afterwards, as that it is missing, would be about the zero value and not about the file. The
	// empty path stands for all of it.
	unread map[string]bool
}

// Fault adds a fault at path, unless its value could not be read in the first place. When the file has no such key (a required one is missing), the line is
// that of the nearest enclosing one. The format is that of fmt.Errorf, %w included.
func (f *File) Fault(path, format string, args ...any) {
	if f.unread[path] || f.unread[""] {
		return
	}
	f.faults = append(f.faults, Fault{
		File: f.name, Line: f.Line(path), Path: path, Problem: fmt.Errorf(format, args...).Error(),
	})
}

// Fork returns the same file without its faults, for another round of checks.
func (f *File) Fork() *File { return &File{name: f.name, lines: f.lines} }

// Has reports whether the file has the key at path.
func (f *File) Has(path string) bool { return f.lines[path] > 0 }

// Line returns the line of the key at path, or of the nearest enclosing one; zero where there is none.
func (f *File) Line(path string) int {
	for path != "" {
		if line := f.lines[path]; line > 0 {
			return line
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 0
}

// Err returns all faults as Faults, or nil.
func (f *File) Err() error {
	if len(f.faults) == 0 {
		return nil
	}
	sorted := slices.Clone(f.faults)
	slices.SortStableFunc(sorted, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return sorted
}

package registry

import (
	"fmt"
	"slices"
	"time"
)

// A report adds a fault at a path inside the record that is being checked. Paths are those of the
// tenant file.
type report func(path, format string, args ...any)

// checkList reports the faults of each element, and elements that are there twice.
func checkList(report report, path string, list []string, check func(string) error) {
	for i, element := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if err := check(element); err != nil {
			report(at, "%w", err)
		}
		if slices.Contains(list[:i], element) {
			report(at, "%q is there twice", element)
		}
	}
}

// oneOf is a check for closed sets.
func oneOf(allowed ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("%q is not one of %v", s, allowed)
		}
		return nil
	}
}

func checkBetween(report report, path string, d, least, most time.Duration) {
	if d < least || d > most {
		report(path, "%s is not between %s and %s", short(d), short(least), short(most))
	}
}

const maxText = 200

// checkText bounds names and descriptions, which are shown on pages.
func checkText(report report, path, text string, required bool) {
	switch {
	case required && text == "":
		report(path, "is required")
	case len(text) > maxText:
		report(path, "has %d bytes, more than %d", len(text), maxText)
	}
}

package mapping

import (
	"fmt"
	"strings"
)

// A function transforms text inside a template.
type function struct {
	name  string
	arity int
	bind  func(args []expr) expr
}

// functions lists what templates may call. All of them treat letters as ASCII: what a directory
// compares must not depend on Unicode tables.
func functions() []function {
	return []function{
		{"claim", 1, nil}, // compiled apart: its argument must be a literal
		pure("trim", 1, func(a []string) string { return strings.Trim(a[0], " \t\r\n") }),
		pure("lower", 1, func(a []string) string { return foldASCII(a[0]) }),
		pure("upper", 1, func(a []string) string { return raiseASCII(a[0]) }),
		pure("replace", 3, func(a []string) string { return strings.ReplaceAll(a[2], a[0], a[1]) }),
		// before "@" .claim and after "\\" .claim are the sides of the first separator.
		pure("before", 2, func(a []string) string { return side(a[1], a[0], 0) }),
		pure("after", 2, func(a []string) string { return side(a[1], a[0], 1) }),
		// pad "000000" .claim fills up from the left to the mask's length.
		pure("pad", 2, func(a []string) string { return a[0][:max(0, len(a[0])-len(a[1]))] + a[1] }),
		// local and domain are the halves of an e-mail address.
		pure("local", 1, func(a []string) string { local, _, _ := splitEmail(a[0]); return local }),
		pure("domain", 1, func(a []string) string { _, domain, _ := splitEmail(a[0]); return domain }),
		// default "x" .claim is x when the claim is missing or empty.
		{"default", 2, func(args []expr) expr {
			return func(from claimSource) (string, error) {
				if text, err := args[1](from); err == nil && text != "" {
					return text, nil
				}
				return args[0](from)
			}
		}},
	}
}

// side returns what is before (0) or after (1) the first separator; nothing where there is none.
func side(text, separator string, n int) string {
	if separator == "" {
		return ""
	}
	if before, after, found := strings.Cut(text, separator); found {
		return []string{before, after}[n]
	}
	return ""
}

func findFunction(name string) function {
	for _, f := range functions() {
		if f.name == name {
			return f
		}
	}
	panic("mapping: template parser let through " + name) // it knows the same list
}

// pure makes a function of texts. As soon as an argument yields nothing, or the function itself
// does, so does the whole template: text beside it would become a shorter key, and somebody else's.
func pure(name string, arity int, apply func([]string) string) function {
	return function{name, arity, func(args []expr) expr {
		return func(from claimSource) (string, error) {
			texts := make([]string, len(args))
			for i, arg := range args {
				text, err := arg(from)
				if err != nil {
					return "", err
				}
				texts[i] = text
			}
			result := apply(texts)
			if result == "" {
				return "", fmt.Errorf("%s of %q yields nothing", name, bounded(texts[arity-1], maxTraced))
			}
			return result, nil
		}
	}}
}

package legacy

import (
	"errors"
	"fmt"
	"strings"
)

// parseParams replaces the named parameters of a statement by ?, and returns their names in order.
// Comments become a space, so that no driver has to know them.
//
// It knows '…' (with backslash escapes where the engine has them), "…", `…`, -- and # comments,
// /* */, and leaves :: and := alone. A ? is refused wherever it stands: drivers bind to it.
func parseParams(sql string, engine Engine) (text string, params []string, err error) {
	if strings.Contains(sql, "?") {
		return "", nil, errors.New("it contains a question mark: parameters are written :name")
	}
	var b strings.Builder
	for i := 0; i < len(sql); {
		rest := sql[i:]
		switch {
		case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
			n := quoted(rest, engine == MySQL && rest[0] != '`')
			if n < 0 {
				return "", nil, fmt.Errorf("a %c is not closed", rest[0])
			}
			b.WriteString(rest[:n])
			i += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return "", nil, errors.New("a /* is not closed")
			}
			if strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!") {
				return "", nil, errors.New("it contains an executable comment")
			}
			b.WriteByte(' ')
			i += n + 4
		case lineComment(rest, engine):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			b.WriteByte(' ')
			i += n
		case engine == MySQL && strings.HasPrefix(rest, "--"):
			// A comment removed from behind it would make a comment of it.
			return "", nil, errors.New("a -- is followed by neither white space nor the end: write - - for two minuses")
		case strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, ":="):
			b.WriteString(rest[:2])
			i += 2
		case rest[0] == ':':
			name := identifier(rest[1:])
			if name == "" {
				return "", nil, errors.New("a colon is not followed by a parameter's name")
			}
			b.WriteByte('?')
			params = append(params, name)
			i += 1 + len(name)
		case rest[0] == ';':
			if strings.TrimSpace(rest[1:]) != "" {
				return "", nil, errors.New("it is more than one statement")
			}
			i = len(sql)
		default:
			b.WriteByte(rest[0])
			i++
		}
	}
	return b.String(), params, nil
}

// quoted returns the length of the quoted text at the start of s, or -1 if it does not end. A
// doubled quote needs no care: it ends one text and begins the next.
func quoted(s string, backslash bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && backslash:
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return -1
}

// lineComment reports whether s starts a comment to the end of the line. In MySQL -- does so only
// before white space.
func lineComment(s string, engine Engine) bool {
	if engine == MySQL {
		return s[0] == '#' || s == "--" || (strings.HasPrefix(s, "--") && s[2] <= ' ')
	}
	return strings.HasPrefix(s, "--")
}

// identifier returns the lower-case name at the start of s.
func identifier(s string) string {
	n := 0
	for n < len(s) && (s[n] == '_' || 'a' <= s[n] && s[n] <= 'z') {
		n++
	}
	return s[:n]
}

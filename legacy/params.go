package legacy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parseParams replaces the named parameters of a statement by the engine's placeholders, and returns
// their names in the order of their values. Comments become a space, so that no driver has to know
// them.
//
// It knows quoted texts and names, comments, and leaves :: and := alone. What could be read in two
// ways, by us and by the engine, is refused: a ? wherever it stands, because drivers bind to it, and
// whatever else the engine takes for a parameter.
func parseParams(sql string, engine Engine) (text string, params []string, err error) {
	if strings.Contains(sql, "?") {
		return "", nil, errors.New("it contains a question mark: parameters are written :name")
	}
	p := paramParser{dialect: engine.dialect()}
	for i := 0; i < len(sql); {
		n, err := p.next(sql[:i], sql[i:])
		if err != nil {
			return "", nil, err
		}
		i += n
	}
	return p.text.String(), p.params, nil
}

type paramParser struct {
	dialect
	text   strings.Builder
	params []string
}

// next takes what stands at the beginning of rest, and returns its length.
func (p *paramParser) next(before, rest string) (int, error) {
	switch {
	case strings.IndexByte(p.quotes, rest[0]) >= 0:
		return p.quote(before, rest)
	case strings.HasPrefix(rest, "/*"):
		return p.comment(rest)
	case p.lineComment(rest):
		n := strings.IndexByte(rest, '\n')
		if n < 0 {
			n = len(rest)
		}
		p.text.WriteByte(' ')
		return n, nil
	case strings.HasPrefix(rest, "--"):
		// MySQL's arithmetic: a comment removed from behind it would make a comment of it.
		return 0, errors.New("a -- is followed by neither white space nor the end: write - - for two minuses")
	case strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, ":="):
		p.text.WriteString(rest[:2])
		return 2, nil
	case rest[0] == ':':
		name := identifier(rest[1:])
		if name == "" {
			return 0, errors.New("a colon is not followed by a parameter's name")
		}
		if tail := rest[1+len(name):]; tail != "" && endsInName(tail[:1]) { // it would continue the placeholder's number
			return 0, fmt.Errorf("parameter :%s is followed by %q: names are of lower-case letters and underscores", name, tail[:1])
		}
		p.placeholder(name)
		return 1 + len(name), nil
	case strings.IndexByte(p.sigils, rest[0]) >= 0 && !endsInName(before):
		return 0, fmt.Errorf("a %c begins a parameter of the database's own: parameters are written :name", rest[0])
	case rest[0] == ';':
		if strings.TrimSpace(rest[1:]) != "" {
			return 0, errors.New("it is more than one statement")
		}
		return len(rest), nil
	}
	p.text.WriteByte(rest[0])
	return 1, nil
}

// placeholder writes a parameter. Where the engine numbers them, a name that occurs twice is one
// parameter: from one place the engine may know its type, and not from another.
func (p *paramParser) placeholder(name string) {
	if p.numbered == "" {
		p.text.WriteByte('?')
		p.params = append(p.params, name)
		return
	}
	n := slices.Index(p.params, name)
	if n < 0 {
		n = len(p.params)
		p.params = append(p.params, name)
	}
	fmt.Fprintf(&p.text, "%s%d", p.numbered, n+1)
}

func (p *paramParser) quote(before, rest string) (int, error) {
	open := rest[0]
	if open == '\'' && p.escapeStrings && (strings.HasSuffix(before, "E") || strings.HasSuffix(before, "e")) && !endsInName(before[:len(before)-1]) {
		return 0, errors.New("it contains an E'…': write the text without escapes")
	}
	end := open
	if open == '[' {
		end = ']'
	}
	n := quoted(rest, end, strings.IndexByte(p.escaped, open) >= 0)
	if n < 0 {
		return 0, fmt.Errorf("a %c is not closed", open)
	}
	p.text.WriteString(rest[:n])
	return n, nil
}

func (p *paramParser) comment(rest string) (int, error) {
	n := strings.Index(rest[2:], "*/")
	if n < 0 {
		return 0, errors.New("a /* is not closed")
	}
	if strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!") {
		return 0, errors.New("it contains an executable comment")
	}
	if strings.Contains(rest[2:2+n], "/*") { // which some engines nest
		return 0, errors.New("a /* stands within a comment")
	}
	p.text.WriteByte(' ')
	return n + 4, nil
}

// quoted returns the length of the quoted text at the start of s, or -1 if it does not end. A
// doubled quote ends one text and begins the next; a doubled bracket only ends, so it needs care.
func quoted(s string, end byte, backslash bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && backslash:
			i++
		case s[i] == end && end == ']' && strings.HasPrefix(s[i:], "]]"):
			i++
		case s[i] == end:
			return i + 1
		}
	}
	return -1
}

// identifier returns the lower-case name at the start of s.
func identifier(s string) string {
	n := 0
	for n < len(s) && (s[n] == '_' || 'a' <= s[n] && s[n] <= 'z') {
		n++
	}
	return s[:n]
}

// endsInName reports whether the last character of s may be one within a name.
func endsInName(s string) bool {
	if s == "" {
		return false
	}
	c := s[len(s)-1]
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

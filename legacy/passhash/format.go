package passhash

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

const maxFormatDepth = 8

// An expression makes bytes of the values of a template's variables.
type expression interface {
	eval(values map[string][]byte) []byte
}

type (
	variable string
	literal  string
	sequence []expression
	call     struct {
		function string
		of       expression
	}
)

func (v variable) eval(values map[string][]byte) []byte { return values[string(v)] }

func (l literal) eval(map[string][]byte) []byte { return []byte(l) }

func (s sequence) eval(values map[string][]byte) []byte {
	var out []byte
	for _, e := range s {
		out = append(out, e.eval(values)...)
	}
	return out
}

func (c call) eval(values map[string][]byte) []byte {
	of := c.of.eval(values)
	switch c.function {
	case "hex":
		return []byte(hex.EncodeToString(of))
	case "base64":
		return []byte(base64.StdEncoding.EncodeToString(of))
	}
	return sum(newDigest(c.function), of)
}

// parseFormat returns the outermost digest, what is inside it, and the variables that occur.
func parseFormat(format string) (digest string, inside expression, used map[string]bool, err error) {
	p := &formatParser{format: format, rest: withoutSpaces(format), used: map[string]bool{}}
	e, err := p.sequence(0)
	if err != nil {
		return "", nil, nil, err
	}
	if p.rest != "" {
		return "", nil, nil, p.fault("an opening parenthesis is missing")
	}
	if len(e) == 1 {
		if outer, ok := e[0].(call); ok && newDigest(outer.function) != nil {
			return outer.function, outer.of, p.used, nil
		}
	}
	return "", nil, nil, p.fault("it is not one digest, such as sha1(…)")
}

// withoutSpaces drops the spaces that are not between quotes.
func withoutSpaces(format string) string {
	parts := strings.Split(format, `"`)
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], " ", "")
	}
	return strings.Join(parts, `"`)
}

type formatParser struct {
	format, rest string
	used         map[string]bool
}

func (p *formatParser) fault(what string) error {
	return fmt.Errorf("format %q: %s", p.format, what)
}

// sequence reads terms up to a closing parenthesis, which it leaves, or to the end.
func (p *formatParser) sequence(depth int) (sequence, error) {
	if depth > maxFormatDepth {
		return nil, p.fault("it is nested too deeply")
	}
	var list sequence
	for p.rest != "" && p.rest[0] != ')' {
		term, err := p.term(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, term)
	}
	return list, nil
}

func (p *formatParser) term(depth int) (expression, error) {
	for _, name := range []string{"SALT", "PASSWORD", "PEPPER"} {
		if rest, found := strings.CutPrefix(p.rest, "{"+name+"}"); found {
			p.rest, p.used[name] = rest, true
			return variable(name), nil
		}
	}
	if quoted, found := strings.CutPrefix(p.rest, `"`); found {
		text, rest, closed := strings.Cut(quoted, `"`)
		if !closed || strings.ContainsAny(text, "{}") { // braces would be a variable that somebody quoted
			return nil, p.fault("a text in quotes is not closed, or has braces")
		}
		p.rest = rest
		return literal(text), nil
	}
	name, rest, opened := strings.Cut(p.rest, "(")
	switch name {
	case "md5", "sha1", "sha256", "sha384", "sha512", "hex", "base64":
	default:
		return nil, p.fault(fmt.Sprintf("%q is not a variable or a function, or a text in double quotes", name))
	}
	if !opened {
		return nil, p.fault(name + " has no parentheses")
	}
	p.rest = rest
	of, err := p.sequence(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.rest == "" {
		return nil, p.fault("a closing parenthesis is missing")
	}
	p.rest = p.rest[1:]
	return call{function: name, of: of}, nil
}

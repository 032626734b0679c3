package mapping

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
)

// A template is a match template: the syntax of text/template, cut down to text, claims and a few
// functions on strings. It is evaluated here and not by text/template, because a claim that the
// identity lacks must make the whole template yield nothing rather than a shorter key.
type template struct {
	parts  []expr
	claims []claimRef // in order of appearance
}

// An expr yields text, or the reason why it cannot.
type expr func(claimSource) (string, error)

// render joins the parts. The error says which claim is missing or unusable.
func (t *template) render(from claimSource) (string, error) {
	var b strings.Builder
	for _, part := range t.parts {
		text, err := part(from)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// compileTemplate is compileText for a template that yields a key: it must name a claim.
func compileTemplate(text string) (*template, error) {
	t, err := compileText(text)
	if err == nil && len(t.claims) == 0 {
		return nil, fmt.Errorf("template %q names no claim, so it would be the same for everybody", text)
	}
	return t, err
}

// compileText parses and lints text. Everything that is not a claim, a string or a listed
// function is a fault: no branches, loops, variables, definitions or comparisons.
func compileText(text string) (*template, error) {
	known := map[string]any{}
	for _, f := range functions() {
		known[f.name] = true
	}
	trees := map[string]*parse.Tree{}
	tree, err := parse.New("match").Parse(text, "", "", trees, known)
	if err != nil {
		return nil, fmt.Errorf("template %q: %s", text, strings.TrimPrefix(err.Error(), "template: match:"))
	}
	if len(trees) > 1 {
		return nil, fmt.Errorf("template %q: define is not allowed", text)
	}
	t := &template{}
	for _, node := range tree.Root.Nodes {
		part, err := t.compile(node)
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", text, err)
		}
		t.parts = append(t.parts, part)
	}
	return t, nil
}

func (t *template) compile(node parse.Node) (expr, error) {
	switch n := node.(type) {
	case *parse.TextNode:
		text := string(n.Text)
		return func(claimSource) (string, error) { return text, nil }, nil
	case *parse.ActionNode:
		return t.pipe(n.Pipe)
	}
	return nil, fmt.Errorf("%s is not allowed: only claims, strings and functions are", node)
}

// pipe compiles a | b | c: each stage's value is the last argument of the next.
func (t *template) pipe(p *parse.PipeNode) (expr, error) {
	if len(p.Decl) > 0 {
		return nil, fmt.Errorf("%s: variables are not allowed", p)
	}
	var value expr
	for _, cmd := range p.Cmds {
		next, err := t.command(cmd, value)
		if err != nil {
			return nil, err
		}
		value = next
	}
	return value, nil
}

func (t *template) command(cmd *parse.CommandNode, piped expr) (expr, error) {
	name, isCall := cmd.Args[0].(*parse.IdentifierNode)
	if !isCall {
		if len(cmd.Args) > 1 || piped != nil {
			return nil, fmt.Errorf("%s is not a function", cmd.Args[0])
		}
		return t.operand(cmd.Args[0])
	}
	if name.Ident == "claim" {
		return t.namedClaim(cmd, piped)
	}
	f := findFunction(name.Ident)
	var args []expr
	for _, arg := range cmd.Args[1:] {
		value, err := t.operand(arg)
		if err != nil {
			return nil, err
		}
		args = append(args, value)
	}
	if piped != nil {
		args = append(args, piped)
	}
	if len(args) != f.arity {
		return nil, fmt.Errorf("%s takes %d arguments and has %d", f.name, f.arity, len(args))
	}
	return f.bind(args), nil
}

func (t *template) operand(node parse.Node) (expr, error) {
	switch n := node.(type) {
	case *parse.FieldNode:
		return t.claim(strings.Join(n.Ident, ".")), nil
	case *parse.StringNode:
		return func(claimSource) (string, error) { return n.Text, nil }, nil
	case *parse.PipeNode:
		return t.pipe(n)
	case *parse.IdentifierNode:
		return nil, fmt.Errorf("%s: put the inner call in parentheses", n)
	}
	return nil, fmt.Errorf("%s is not allowed: only claims, strings and functions are", node)
}

// namedClaim is {{ claim "https://acme.example/employee" }}, for names that cannot follow a dot.
func (t *template) namedClaim(cmd *parse.CommandNode, piped expr) (expr, error) {
	if piped == nil && len(cmd.Args) == 2 {
		if name, ok := cmd.Args[1].(*parse.StringNode); ok && name.Text != "" {
			return t.claim(name.Text), nil
		}
	}
	return nil, errors.New("claim takes one literal string, the claim's name")
}

func (t *template) claim(name string) expr {
	ref := refer(name)
	t.claims = append(t.claims, ref)
	return func(from claimSource) (string, error) { return from.text(ref) }
}

package yamlfault

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// scalar sets a scalar target, adding a fault where the text does not fit. It returns false when the
// node is of the wrong kind altogether.
func (d *decoder) scalar(path string, node ast.Node, into reflect.Value) bool {
	if into.Kind() == reflect.Bool {
		b, ok := node.(*ast.BoolNode)
		if ok {
			into.SetBool(b.Value)
		}
		return ok
	}
	text, ok := textOf(node)
	if !ok || into.Kind() == reflect.Slice || into.Kind() == reflect.Map || fieldsOf(into) != nil {
		return false
	}
	text, err := expand(text, d.from)
	if err != nil {
		d.file.Fault(path, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return true
	}
	switch into.Type() {
	case secretType():
		into.Set(reflect.ValueOf(secret.New(text)))
		return true
	case timeType():
		return setTime(text, into)
	case durationType():
		value, err := time.ParseDuration(text)
		if err != nil || value < 0 {
			return false
		}
		into.SetInt(int64(value))
		return true
	}
	if into.Kind() == reflect.String {
		into.SetString(text)
		return true
	}
	value, err := strconv.ParseInt(text, 10, into.Type().Bits())
	if err != nil {
		return false
	}
	into.SetInt(value)
	return true
}

func setTime(text string, into reflect.Value) bool {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			into.Set(reflect.ValueOf(at.UTC()))
			return true
		}
	}
	return false
}

// textOf returns a scalar's text as it is written. A whole number is text too (legacy_tenant: 10010),
// other plain scalars are not: "no", 1.10 and null would come out as something else.
func textOf(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode:
		return n.Token.Value, true
	}
	return "", false
}

// kindOf names a scalar without showing it.
func kindOf(node ast.Node) string {
	switch node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "other text"
	case *ast.IntegerNode:
		return "a whole number"
	case *ast.BoolNode:
		return "true or false (quote it if text is meant)"
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a decimal number (quote it if text is meant)"
	}
	return "something else"
}

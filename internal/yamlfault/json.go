package yamlfault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// JSON is a field whose keys are not ours to name, such as a JSON Web Key: a mapping, kept as the
// compact text of a JSON object. What it contains is not expanded.
type JSON []byte

func (d *decoder) json(path string, node ast.Node, into reflect.Value) {
	before := len(d.file.faults)
	object, ok := d.plain(path, node).(map[string]any)
	switch {
	case len(d.file.faults) > before:
		return
	case !ok:
		d.file.Fault(path, "want %s, have %s", describe(into.Type()), kindOf(node))
		return
	}
	text, err := json.Marshal(object)
	if err != nil {
		d.file.Fault(path, "is not JSON: %w", err)
		return
	}
	into.Set(reflect.ValueOf(JSON(text)))
}

// plain returns what encoding/json would decode the value to; nil after a fault.
func (d *decoder) plain(path string, node ast.Node) any {
	switch node := node.(type) {
	case *ast.MappingNode:
		return d.object(path, node.Values)
	case *ast.MappingValueNode:
		return d.object(path, []*ast.MappingValueNode{node})
	case *ast.SequenceNode:
		list := make([]any, len(node.Values))
		for i, element := range node.Values {
			list[i] = d.plain(fmt.Sprintf("%s[%d]", path, i), element)
		}
		return list
	case *ast.BoolNode:
		return node.Value
	case *ast.IntegerNode:
		return json.Number(node.Token.Value)
	}
	if text, ok := textOf(node); ok {
		return text
	}
	d.file.Fault(path, "want text, a whole number, true or false, a list or a mapping, have %s", kindOf(node))
	return nil
}

func (d *decoder) object(path string, entries []*ast.MappingValueNode) any {
	object := map[string]any{}
	for _, entry := range entries {
		key, ok := keyOf(entry)
		at := join(path, key)
		if d.file.lines[at] == 0 {
			d.file.lines[at] = entry.Key.GetToken().Position.Line
		}
		if _, twice := object[key]; twice || !ok {
			d.file.Fault(at, "keys must be plain text, each once")
			continue
		}
		object[key] = d.plain(at, entry.Value)
	}
	return object
}

// compact returns the text of a JSON object without its spaces.
func compact(text []byte) (JSON, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return nil, errors.New("holds no JSON object")
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return nil, errors.New("holds no JSON object") // the cause could quote a private key
	}
	return b.Bytes(), nil
}

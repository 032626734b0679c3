package yamlfault

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds, in bytes, what is parsed: the parser recurses into nested values.
const maxFile = 1 << 20

// Decode reads data into the struct that into points to, by its yaml tags; a field without a tag is
// not a key. Fields may be structs, slices, pointers, map[string]string, strings, bools, integers,
// time.Duration ("2h30m"), time.Time (2027-12-31, midnight UTC, or RFC 3339), JSON and secret.Text.
// Every secret.Text key K, and every string or JSON key tagged "K,file", may instead be given as
// K_file, whose content, without its final line break, is the value.
//
// What is wrong is in the File: the caller adds its own faults and then asks Err. from may be nil:
// then ${NAME} stays text and K_file is refused.
func Decode(name string, data []byte, from Expander, into any) *File {
	f := &File{name: name, lines: map[string]int{}}
	f.decode(data, from, into)
	f.unread = map[string]bool{}
	for _, fault := range f.faults {
		f.unread[strings.TrimSuffix(fault.Path, fileSuffix)] = true
	}
	return f
}

func (f *File) decode(data []byte, from Expander, into any) {
	if len(data) > maxFile {
		f.Fault("", "has %d bytes, more than %d", len(data), maxFile)
		return
	}
	parsed, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		f.syntax(err)
		return
	}
	switch docs := parsed.Docs; {
	case len(docs) == 0 || docs[0].Body == nil:
		f.Fault("", "is empty")
	case len(docs) > 1:
		f.Fault("", "has %d documents; want one", len(docs))
	default:
		d := decoder{f, from}
		d.value("", docs[0].Body, reflect.ValueOf(into).Elem())
	}
}

// syntax reports the parser's error by its message and line alone: its text quotes the source, which
// may hold secrets.
func (f *File) syntax(err error) {
	fault := Fault{File: f.name, Problem: "is not YAML"}
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		fault.Problem = "is not YAML: " + syntax.GetMessage()
		if token := syntax.GetToken(); token != nil && token.Position != nil {
			fault.Line = token.Position.Line
		}
	}
	f.faults = append(f.faults, fault)
}

type decoder struct {
	file *File
	from Expander
}

func (d *decoder) value(path string, node ast.Node, into reflect.Value) {
	if into.Kind() == reflect.Pointer {
		target := reflect.New(into.Type().Elem())
		d.value(path, node, target.Elem())
		into.Set(target)
		return
	}
	if into.Type() == jsonType() {
		d.json(path, node, into)
		return
	}
	switch node := node.(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		d.file.Fault(path, "anchors and aliases are not supported: repeat the value")
	case *ast.TagNode:
		d.file.Fault(path, "tags are not supported")
	case *ast.NullNode:
		d.file.Fault(path, "has no value: give one, or leave the key out")
	case *ast.MappingNode:
		d.mapping(path, node.Values, into)
	case *ast.MappingValueNode: // a mapping of one entry
		d.mapping(path, []*ast.MappingValueNode{node}, into)
	case *ast.SequenceNode:
		d.sequence(path, node.Values, into)
	default:
		if !d.scalar(path, node, into) {
			d.file.Fault(path, "want %s, have %s", describe(into.Type()), kindOf(node))
		}
	}
}

func (d *decoder) mapping(path string, entries []*ast.MappingValueNode, into reflect.Value) {
	fields := fieldsOf(into)
	asMap := into.Type() == reflect.TypeFor[map[string]string]()
	if fields == nil && !asMap {
		d.file.Fault(path, "want %s, have a mapping", describe(into.Type()))
		return
	}
	if asMap {
		into.Set(reflect.MakeMap(into.Type()))
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		key, ok := keyOf(entry)
		at := join(path, key)
		if line := entry.Key.GetToken().Position.Line; d.file.lines[at] == 0 {
			d.file.lines[at] = line
		}
		switch field, known := fields[key]; {
		case !ok:
			d.file.Fault(at, "keys must be plain text")
		case seen[key]:
			d.file.faults = append(d.file.faults, Fault{
				File: d.file.name, Line: entry.Key.GetToken().Position.Line, Path: at,
				Problem: fmt.Sprintf("is given twice, first on line %d", d.file.lines[at]),
			})
		case asMap:
			value := reflect.New(into.Type().Elem()).Elem()
			d.value(at, entry.Value, value)
			into.SetMapIndex(reflect.ValueOf(key), value)
		case !known:
			d.file.Fault(at, "unknown key")
		case field.fromFile:
			d.fromFile(at, entry.Value, field, seen[field.key])
		case field.either && seen[field.key+fileSuffix]:
			d.file.Fault(at, "give either %s or %s%s", field.key, field.key, fileSuffix)
		default:
			d.value(at, entry.Value, field.value)
		}
		seen[key] = true
	}
}

func (d *decoder) sequence(path string, nodes []ast.Node, into reflect.Value) {
	if into.Kind() != reflect.Slice {
		d.file.Fault(path, "want %s, have a list", describe(into.Type()))
		return
	}
	list := reflect.MakeSlice(into.Type(), len(nodes), len(nodes))
	for i, node := range nodes {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.file.lines[at] = node.GetToken().Position.Line
		d.value(at, node, list.Index(i))
	}
	into.Set(list)
}

func keyOf(entry *ast.MappingValueNode) (string, bool) {
	switch key := entry.Key.(type) {
	case *ast.StringNode:
		return key.Value, true
	case *ast.IntegerNode:
		return key.Token.Value, true
	}
	return entry.Key.GetToken().Value, false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

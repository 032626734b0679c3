package yamlfault

import (
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// fromFile reads a value from the file that the key K_file names.
func (d *decoder) fromFile(path string, node ast.Node, f field, alsoInline bool) {
	name, ok := textOf(node)
	if !ok || name == "" {
		d.file.Fault(path, "want the name of a file")
		return
	}
	if alsoInline {
		d.file.Fault(path, "give either %s or %s%s", f.key, f.key, fileSuffix)
		return
	}
	if d.from == nil {
		d.file.Fault(path, "files are read by the command line only")
		return
	}
	name, err := expand(name, d.from)
	if err != nil {
		d.file.Fault(path, "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	content, err := d.from.ReadFile(name)
	if err != nil {
		d.file.Fault(path, "%v", err)
		return
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case text == "":
		d.file.Fault(path, "file %s is empty", name)
	case f.value.Type() == secretType():
		f.value.Set(reflect.ValueOf(secret.New(text)))
	case f.value.Type() == jsonType():
		object, err := compact([]byte(text))
		if err != nil {
			d.file.Fault(path, "file %s %w", name, err)
			return
		}
		f.value.Set(reflect.ValueOf(object))
	default:
		f.value.SetString(text)
	}
}

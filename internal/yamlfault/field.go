package yamlfault

import (
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

// fileSuffix turns the key of a secret, or of a field tagged "K,file", into the key that names a file
// holding its value.
const fileSuffix = "_file"

// A field is what a key of a mapping sets.
type field struct {
	key   string
	value reflect.Value
	// either holds when the value may be in a file instead.
	either bool
	// fromFile holds for the key K_file of such a field K.
	fromFile bool
}

// fieldsOf returns the keys of a struct, or nil for anything that is not written as a mapping. The keys of
// a field tagged ",inline" are among them.
func fieldsOf(into reflect.Value) map[string]field {
	if into.Kind() != reflect.Struct || isScalar(into.Type()) {
		return nil
	}
	fields := map[string]field{}
	for i := range into.NumField() {
		key, option, _ := strings.Cut(into.Type().Field(i).Tag.Get("yaml"), ",")
		if option == "inline" {
			maps.Copy(fields, fieldsOf(into.Field(i)))
			continue
		}
		if key == "" || key == "-" {
			continue
		}
		f := field{key: key, value: into.Field(i)}
		f.either = option == "file" || f.value.Type() == secretType()
		fields[key] = f
		if f.either {
			f.fromFile = true
			fields[key+fileSuffix] = f
		}
	}
	return fields
}

func secretType() reflect.Type   { return reflect.TypeFor[secret.Text]() }
func timeType() reflect.Type     { return reflect.TypeFor[time.Time]() }
func durationType() reflect.Type { return reflect.TypeFor[time.Duration]() }
func jsonType() reflect.Type     { return reflect.TypeFor[JSON]() }

// isScalar reports whether a struct type is written as one scalar.
func isScalar(t reflect.Type) bool { return t == secretType() || t == timeType() }

// describe names what a value of the type looks like in the file.
func describe(t reflect.Type) string {
	switch {
	case t == secretType():
		return "text"
	case t == timeType():
		return "a date such as 2027-12-31"
	case t == durationType():
		return "a duration such as 2h30m"
	case t == jsonType():
		return "a mapping"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "a mapping"
	default:
		return "a whole number"
	}
}

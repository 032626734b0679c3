package federation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// An object is a JSON object read strictly: encoding/json lets a second "sub", or a "SUB", replace
// the first, so that what was verified and what is used may differ. Numbers are json.Number.
type object map[string]any

// maxDepth bounds the nesting of what an IdP sends.
const maxDepth = 16

// parseObject reads exactly one JSON object, and refuses duplicate names at any depth.
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("json is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := parseValue(dec, 0)
	if err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("json is not an object")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("json: text after the object")
	}
	return o, nil
}

func parseValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("nested more than %d deep", maxDepth)
	}
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return parseMembers(dec, depth)
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			v, err := parseValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.Token()
		return list, err
	}
	return token, nil
}

func parseMembers(dec *json.Decoder, depth int) (any, error) {
	members := map[string]any{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("member name %v is not a string", token)
		}
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("duplicate member %q", name)
		}
		if members[name], err = parseValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return members, err
}

// text returns the string member name, or "" when it is absent or something else.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// texts returns a member that is one string or an array of strings. ok is false when it is
// anything else; an absent member is an empty list.
func (o object) texts(name string) (list []string, ok bool) {
	switch v := o[name].(type) {
	case nil:
		_, present := o[name]
		return nil, !present
	case string:
		return []string{v}, true
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			list = append(list, s)
		}
		return list, true
	}
	return nil, false
}

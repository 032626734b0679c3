package saml

import (
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// is reports whether el has that name in that namespace. Prefixes mean nothing.
func is(el *etree.Element, namespace, tag string) bool {
	return el.Tag == tag && el.NamespaceURI() == namespace
}

// children returns el's children of that name.
func children(el *etree.Element, namespace, tag string) []*etree.Element {
	var found []*etree.Element
	for _, child := range el.ChildElements() {
		if is(child, namespace, tag) {
			found = append(found, child)
		}
	}
	return found
}

// optional returns el's only child of that name, or nil. Two are an error.
func optional(el *etree.Element, namespace, tag string) (*etree.Element, error) {
	found := children(el, namespace, tag)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%s has %d %s, not one", el.Tag, len(found), tag)
}

// only returns el's only child of that name.
func only(el *etree.Element, namespace, tag string) (*etree.Element, error) {
	child, err := optional(el, namespace, tag)
	if err == nil && child == nil {
		err = fmt.Errorf("%s has no %s", el.Tag, tag)
	}
	return child, err
}

// A name is an element's namespace and tag.
type name struct{ namespace, tag string }

// allow refuses children other than those named, in any number.
func allow(el *etree.Element, names ...name) error {
	for _, child := range el.ChildElements() {
		known := false
		for _, n := range names {
			known = known || is(child, n.namespace, n.tag)
		}
		if !known {
			return fmt.Errorf("%s has an unexpected child %q in namespace %q", el.Tag, child.Tag, child.NamespaceURI())
		}
	}
	return nil
}

// text returns the text of an element that has nothing else in it.
func text(el *etree.Element) (string, error) {
	if n := len(el.ChildElements()); n > 0 {
		return "", fmt.Errorf("%s has %d elements in it, and must be text", el.Tag, n)
	}
	var b strings.Builder // el.Text copies what it has for every CDATA section anew
	for _, child := range el.Child {
		if data, ok := child.(*etree.CharData); ok {
			b.WriteString(data.Data)
		}
	}
	return b.String(), nil
}

// word is text without the white space around it, where that means nothing. An empty one is an error.
func word(el *etree.Element) (string, error) {
	s, err := text(el)
	s = strings.TrimSpace(s)
	if err == nil && s == "" {
		err = fmt.Errorf("%s is empty", el.Tag)
	}
	return s, err
}

// attribute returns an attribute without namespace.
func attribute(el *etree.Element, key string) (value string, present bool) {
	for _, a := range el.Attr {
		if a.Space == "" && a.Key == key {
			return a.Value, true
		}
	}
	return "", false
}

// instant reads an xs:dateTime attribute, which SAML Core §1.3.3 wants in UTC; an absent one is the zero
// time.
func instant(el *etree.Element, key string) (time.Time, error) {
	value, present := attribute(el, key)
	if !present {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05.999999999", value); err != nil {
			return time.Time{}, fmt.Errorf("%s %s %q is not a time", el.Tag, key, value)
		}
	}
	return t.UTC(), nil
}

// detached returns a copy of el that stands by itself: with the namespaces that surrounded it. The library's
// own NSDetatch gives up at a thousand elements, and people have a thousand groups.
func detached(el *etree.Element) *etree.Element {
	alone, declared := el.Copy(), map[string]bool{}
	for _, a := range el.Attr {
		if isDeclaration(a) {
			declared[a.FullKey()] = true
		}
	}
	for around := el.Parent(); around != nil; around = around.Parent() {
		for _, a := range around.Attr {
			if isDeclaration(a) && !declared[a.FullKey()] {
				declared[a.FullKey()] = true
				alone.CreateAttr(a.FullKey(), a.Value)
			}
		}
	}
	return alone
}

func isDeclaration(a etree.Attr) bool { return a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns" }

// walk calls visit for el and everything in it.
func walk(el *etree.Element, visit func(*etree.Element) error) error {
	if err := visit(el); err != nil {
		return err
	}
	for _, child := range el.ChildElements() {
		if err := walk(child, visit); err != nil {
			return err
		}
	}
	return nil
}

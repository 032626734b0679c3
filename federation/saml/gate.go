package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// limits say how large an honest document is.
type limits struct {
	// attributes is how many one element may have; all together have at most two for each of elements.
	bytes, depth, elements, attributes int
	// inherited is how many attributes an element and all those around it may have together: what it takes to
	// find out what a prefix means.
	inherited int
	// spelled is how many bytes it takes to write the namespace of every name out, once for each: the canonical
	// form does that in the worst case, and a few bytes of prefix can stand for kilobytes.
	spelled int
	// comments allows comments: people write metadata, and nobody writes assertions.
	comments bool
}

// messageLimits hold for everything that comes through a browser. The largest honest responses, with
// hundreds of groups, have some 50 KB.
var messageLimits = limits{bytes: 256 << 10, depth: 64, elements: 5000, attributes: 32, inherited: 64, spelled: 1 << 20}

// metadataLimits hold for the IdP's metadata, which may be an aggregate of a few hundred.
var metadataLimits = limits{
	bytes: maxMetadata, depth: 64, elements: 50_000, attributes: 64, inherited: 256, spelled: 4 * maxMetadata, comments: true,
}

// byteOrderMark may stand before a document (XML 1.0 §4.3.3). Metadata of Microsoft's begins with it.
const byteOrderMark = "\ufeff"

// parse judges the size and shape of a document, before anything builds a tree of it, and returns its
// root.
func (l limits) parse(data []byte) (*etree.Element, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if err := l.judge(data); err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("xml: %w", err)
	}
	root := doc.Root()
	if root == nil {
		return nil, errors.New("xml: no element")
	}
	return root, nil
}

func (l limits) judge(data []byte) error {
	switch {
	case len(data) > l.bytes:
		return fmt.Errorf("xml has %d bytes, more than %d", len(data), l.bytes)
	case !utf8.Valid(data):
		return errors.New("xml is not UTF-8")
	}
	s := shape{limits: l}
	dec := xml.NewDecoder(bytes.NewReader(data)) //nolint:gosec // it makes tokens, and no values
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = s.add(token, dec.InputOffset())
		}
		if err != nil {
			return fmt.Errorf("xml: %w", err)
		}
	}
	if s.roots != 1 {
		return fmt.Errorf("xml: %d elements at the top, not one", s.roots)
	}
	return nil
}

// shape is what has been seen of a document.
type shape struct {
	limits
	roots, seen, attributesSeen, written int
	// around holds how many attributes each of the open elements has, together with those around it.
	around []int
}

func (s *shape) add(token xml.Token, offset int64) error {
	switch t := token.(type) {
	case xml.StartElement:
		return s.open(t)
	case xml.EndElement:
		s.around = s.around[:len(s.around)-1]
	case xml.CharData:
		if len(s.around) == 0 && len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text outside the root")
		}
	case xml.Comment:
		if !s.comments {
			return errors.New("a comment")
		}
	case xml.Directive:
		return errors.New("a document type or another directive")
	case xml.ProcInst:
		// Only the declaration, and only where it belongs: the decoder has read nothing before it.
		if t.Target != "xml" || offset > maxDeclaration || s.seen > 0 {
			return errors.New("a processing instruction")
		}
	}
	return nil
}

// maxDeclaration bounds <?xml version="1.0" encoding="UTF-8" standalone="no"?>, in bytes.
const maxDeclaration = 64

func (s *shape) open(t xml.StartElement) error {
	inherited := len(t.Attr)
	if level := len(s.around); level > 0 {
		inherited += s.around[level-1]
	} else {
		s.roots++
	}
	s.around = append(s.around, inherited)
	s.seen++
	s.attributesSeen += len(t.Attr)
	switch {
	case len(s.around) > s.depth:
		return fmt.Errorf("nested more than %d deep", s.depth)
	case s.seen > s.elements:
		return fmt.Errorf("more than %d elements", s.elements)
	case len(t.Attr) > s.attributes:
		return fmt.Errorf("more than %d attributes on one element", s.attributes)
	case s.attributesSeen > 2*s.elements:
		return fmt.Errorf("more than %d attributes", 2*s.elements)
	case inherited > s.inherited:
		return fmt.Errorf("more than %d attributes on one element and those around it", s.inherited)
	}
	s.written += len(t.Name.Space)
	for i, a := range t.Attr {
		s.written += len(a.Name.Space)
		for _, b := range t.Attr[:i] {
			if a.Name == b.Name { // the decoder does not mind, and readers disagree which one counts
				return fmt.Errorf("attribute %q twice", a.Name.Local)
			}
		}
	}
	if s.written > s.spelled {
		return fmt.Errorf("its names have namespaces of more than %d bytes", s.spelled)
	}
	return nil
}

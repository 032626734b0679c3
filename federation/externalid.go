package federation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// maxExternalID bounds the key of a link, in bytes.
const maxExternalID = 255

// KeyedBy reports whether a claim is the external id, or a part of it.
func KeyedBy(names, claim string) bool { return slices.Contains(strings.Split(names, "+"), claim) }

// ExternalID returns what is the key of a link, or "" when the IdP did not send all of it. Several names with
// + between them give a value for all of them together, with / between.
func ExternalID(claims map[string]any, names string) (string, error) {
	var parts []string
	for name := range strings.SplitSeq(names, "+") {
		part, err := externalIDPart(claims[name], name)
		if err != nil || part == "" {
			return "", err
		}
		parts = append(parts, part)
	}
	id := strings.Join(parts, "/")
	switch {
	case len(parts) > 1 && strings.Count(id, "/") >= len(parts):
		return "", fmt.Errorf("external id claims %s: %q would be told apart by their / alone", names, parts)
	case len(id) > maxExternalID:
		return "", fmt.Errorf("external id claims %s have %d bytes, more than %d", names, len(id), maxExternalID)
	}
	return id, nil
}

// externalIDPart returns the value of one claim. A number keys a link by its decimal digits, so that 7 and 7.0
// are not two people.
func externalIDPart(value any, name string) (string, error) {
	var id string
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		id = v
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		if err != nil {
			return "", fmt.Errorf("external id claim %s: %s is not an integer", name, v)
		}
		id = strconv.FormatInt(n, 10)
	case []any:
		return "", fmt.Errorf("external id claim %s has several values: it is neither a string nor an integer", name)
	default:
		return "", fmt.Errorf("external id claim %s is neither a string nor an integer", name)
	}
	if len(id) > maxExternalID {
		return "", fmt.Errorf("external id claim %s has %d bytes, more than %d", name, len(id), maxExternalID)
	}
	// The decoder turns what is not text into U+FFFD: two such ids would become one.
	if strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return "", fmt.Errorf("external id claim %s: %q has characters that are not text", name, id)
	}
	return id, nil
}

package mapping

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A claimSource reads an identity's claims. Four names are the verified fields of the identity and
// not whatever claim happens to have that name: sub, iss, email and external_id, the last being the
// value of the connection's external id claim.
type claimSource struct{ id Identity }

// maxKey bounds, in bytes, what a template may yield: longer than any key a directory holds.
const maxKey = 512

// maxTraced bounds, in bytes, what a Step shows of a value.
const maxTraced = 200

// text returns a claim's one value. An array of one counts as its element, as SAML attributes are
// always arrays; several values are nobody's key.
func (c claimSource) text(ref claimRef) (string, error) {
	value, ok := c.lookup(ref)
	if !ok {
		return "", fmt.Errorf("claim %s is missing", ref.name)
	}
	texts, ok := scalars(value)
	switch {
	case !ok:
		return "", fmt.Errorf("claim %s is not text", ref.name)
	case len(texts) != 1:
		return "", fmt.Errorf("claim %s has %d values", ref.name, len(texts))
	case texts[0] == "":
		return "", fmt.Errorf("claim %s is empty", ref.name)
	}
	return texts[0], nil
}

// values returns all values of a claim, none if it is an object.
func (c claimSource) values(ref claimRef) (texts []string, exists bool) {
	value, exists := c.lookup(ref)
	if exists {
		texts, _ = scalars(value)
	}
	return texts, exists
}

func (c claimSource) lookup(ref claimRef) (any, bool) {
	if field, special := c.field(ref.name); special {
		return field, field != ""
	}
	if value := c.id.Claims[ref.name]; value != nil {
		return value, true
	}
	var value any = c.id.Claims
	for _, name := range ref.path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = object[name]; !ok || value == nil {
			return nil, false
		}
	}
	return value, true
}

func (c claimSource) field(name string) (value string, special bool) {
	switch name {
	case "sub":
		return c.id.Subject, true
	case "iss":
		return c.id.Issuer, true
	case "email":
		return c.id.Email, true
	case "external_id":
		return c.id.ExternalID, true
	}
	return "", false
}

// scalars lists the texts of a scalar or of an array of scalars; ok is false for anything else.
func scalars(value any) (texts []string, ok bool) {
	switch v := value.(type) {
	case []any:
		texts = make([]string, 0, len(v))
		for _, element := range v {
			text, ok := scalar(element)
			if !ok {
				return nil, false
			}
			texts = append(texts, text)
		}
		return texts, true
	case []string:
		return v, true
	}
	text, ok := scalar(value)
	return []string{text}, ok
}

func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		// Beyond 2^53 two ids decode to the same float: such a number is no key.
		if v != math.Trunc(v) || math.Abs(v) >= 1<<53 {
			return "", false
		}
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// unusable says why text may not be looked up, or is empty.
func unusable(text string) (why string) {
	switch {
	case text == "":
		return "the template yields nothing"
	case len(text) > maxKey:
		return fmt.Sprintf("the template yields %d bytes, more than %d", len(text), maxKey)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "the template yields control characters"
	}
	return ""
}

// bounded cuts text to at most n bytes, at a character.
func bounded(text string, n int) string {
	if len(text) <= n {
		return strings.ToValidUTF8(text, "\uFFFD")
	}
	return strings.ToValidUTF8(text[:n], "") + cut
}

// cut marks what was left out of a text.
const cut = "…"

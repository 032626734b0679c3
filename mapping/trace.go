package mapping

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Trace tells how a decision came about, rule by rule. It holds the values of those claims only that
// the rules name, or the connection asks to keep; what is about a token, such as its nonce, neither
// may name.
type Trace struct {
	Connection string `json:"connection"`
	// Claims holds what the claims were; nil for one that the IdP did not send.
	Claims map[string]Recorded `json:"claims,omitempty"`
	Steps  []Step              `json:"steps"`
	// Given tells which enrichment gave which roles and groups to whoever got in.
	Given []GivenBy `json:"given,omitempty"`
}

// Recorded are the values of a claim. In JSON one value is text, several are an array, and a claim that
// was not sent is null.
type Recorded []string

// The bounds of what is recorded of a claim. What is cut off leaves an ellipsis.
const (
	maxRecorded       = 50
	maxRecordedLength = maxKey
)

// record keeps the claims for a trace.
func (r *Rules) record(id Identity) map[string]Recorded {
	if len(r.claims)+len(r.kept) == 0 {
		return nil
	}
	claims := map[string]Recorded{}
	for _, ref := range slices.Concat(r.claims, r.kept) {
		values, exists := claimSource{id}.values(ref)
		switch {
		case !exists:
			claims[ref.name] = nil
		case values == nil: // an object
			claims[ref.name] = Recorded{cut}
		default:
			claims[ref.name] = clip(values)
		}
	}
	return claims
}

func clip(values []string) Recorded {
	kept := make(Recorded, 0, min(len(values), maxRecorded+1))
	for i, value := range values {
		if i == maxRecorded {
			return append(kept, cut)
		}
		kept = append(kept, bounded(value, maxRecordedLength))
	}
	return kept
}

// whole reports whether nothing was cut off, nor replaced because it was not text.
func (c Recorded) whole() bool {
	for _, value := range c {
		if strings.HasSuffix(value, cut) || strings.ContainsRune(value, utf8.RuneError) {
			return false
		}
	}
	return true
}

func (c Recorded) String() string {
	if c == nil {
		return "(not sent)"
	}
	return strings.Join(c, ", ")
}

// MarshalJSON implements json.Marshaler.
func (c Recorded) MarshalJSON() ([]byte, error) {
	if len(c) == 1 {
		return json.Marshal(c[0])
	}
	return json.Marshal([]string(c))
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Recorded) UnmarshalJSON(data []byte) error {
	var one string
	if len(data) > 0 && data[0] == '"' {
		err := json.Unmarshal(data, &one)
		*c = Recorded{one}
		return err
	}
	return json.Unmarshal(data, (*[]string)(c))
}

// Missing names the claims that the rules need and the trace of an old login does not have, or not in
// full: with them missing, nobody can tell what the rules would have done.
func (r *Rules) Missing(t Trace) (names []string) { return missing(r.claims, t) }

// MissingFor is Missing for a decision that these rules came to about the trace: what only the rules after it
// name makes no difference.
func (r *Rules) MissingFor(t Trace, d Decision) (names []string) {
	tried := len(d.Trace.Steps)
	if tried == 0 {
		return r.Missing(t)
	}
	return missing(r.claims[:r.rules[tried-1].named], t)
}

func missing(claims []claimRef, t Trace) (names []string) {
	for _, ref := range claims {
		if values, recorded := t.Claims[ref.name]; !recorded || !values.whole() {
			names = append(names, ref.name)
		}
	}
	return names
}

// Identity is who came in a recorded login, as far as its trace tells. A member a.b of a claim is a claim
// of that whole name: a trace names it as the rules do, and that is where they look first.
func (t Trace) Identity() Identity {
	claims := map[string]any{}
	for name, values := range t.Claims {
		if values == nil {
			continue
		}
		value := make([]any, len(values))
		for i, v := range values {
			value[i] = v
		}
		claims[name] = value
	}
	id := Identity{Connection: t.Connection, Claims: claims}
	id.Issuer, id.Subject = t.one("iss"), t.one("sub")
	id.ExternalID, id.Email = t.one("external_id"), t.one("email")
	id.EmailVerified = t.one("email_verified") == "true"
	if t.Claims["email_verified"] != nil {
		claims["email_verified"] = id.EmailVerified
	}
	return id
}

func (t Trace) one(name string) string {
	if values := t.Claims[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

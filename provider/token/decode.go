package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json" // unlike encoding/json it tells "SUB" from "sub" and refuses a member that is there twice

	"github.com/patchbay-auth/patchbay/broker/keyring"
)

// A header is what a token of ours has for one.
type header struct {
	algorithm keyring.Algorithm
	typ       Type
	keyID     keyring.KeyID
}

// compact is a token taken apart, nothing of it verified.
type compact struct {
	header    header
	payload   string // base64url
	input     string // header and payload, as signed
	signature []byte
}

// parse takes a token apart (RFC 7515 §7.1). The header is alg, typ and kid, all strings: there is no
// jwk, jku or crit to ignore in a token of ours. No error quotes the token.
func parse(raw string) (compact, error) {
	if len(raw) > maxSize {
		return compact{}, fmt.Errorf("it has %d bytes, want at most %d", len(raw), maxSize)
	}
	head, rest, found := strings.Cut(raw, ".")
	payload, signature, more := strings.Cut(rest, ".")
	if !found || !more || strings.Contains(signature, ".") {
		return compact{}, errors.New("it does not have three parts")
	}
	c := compact{payload: payload, input: raw[:len(head)+1+len(payload)]}
	members, err := object(head)
	if err != nil {
		return compact{}, fmt.Errorf("header: %w", err)
	}
	in := reader{members: members}
	c.header = header{
		algorithm: keyring.Algorithm(in.text("alg")), typ: Type(in.text("typ")), keyID: keyring.KeyID(in.text("kid")),
	}
	if in.err != nil {
		return compact{}, fmt.Errorf("header: %w", in.err)
	}
	if len(members) > 0 {
		return compact{}, errors.New("header: it has more members than alg, typ and kid")
	}
	if c.signature, err = decodePart(signature); err != nil {
		return compact{}, fmt.Errorf("signature: %w", err)
	}
	return c, nil
}

// object decodes a part that is a JSON object.
func object(part string) (map[string]any, error) {
	text, err := decodePart(part)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, errors.New("it is not a JSON object without duplicates") // the cause quotes it
	}
	return members, nil
}

// decodePart decodes base64url in its one right spelling: no padding, no stray bits, and none of the
// line breaks that the standard decoder skips.
func decodePart(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") {
		return nil, errors.New("it has a line break")
	}
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, errors.New("it is not base64url without padding")
	}
	return decoded, nil
}

// A reader takes members out of an object, so that what is left is the further claims. It keeps the
// first error; after it every answer is zero.
type reader struct {
	members map[string]any
	err     error
}

func (r *reader) has(name string) bool { _, found := r.members[name]; return found }

func (r *reader) fail(name, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s is not %s", name, want)
	}
}

func (r *reader) take(name string) any {
	value := r.members[name]
	delete(r.members, name)
	return value
}

// text takes a member that must be a string with something in it.
func (r *reader) text(name string) string {
	value, ok := r.take(name).(string)
	if !ok || value == "" {
		r.fail(name, "a non-empty string")
	}
	return value
}

// optional takes a member that must be a string if it is there.
func (r *reader) optional(name string) string {
	value, ok := r.members[name].(string)
	if !ok && r.has(name) {
		r.fail(name, "a string")
	}
	delete(r.members, name)
	return value
}

// time takes a member that must be whole seconds since 1970.
func (r *reader) time(name string) time.Time {
	const year9999 = 253402300799
	value, ok := r.take(name).(float64)
	if !ok || value <= 0 || value > year9999 || value != math.Trunc(value) {
		r.fail(name, "a number of seconds")
		return time.Time{}
	}
	return time.Unix(int64(value), 0).UTC()
}

// texts takes a member that must be an array of strings with something in it.
func (r *reader) texts(name string) []string {
	values, ok := r.take(name).([]any)
	if !ok || len(values) == 0 {
		r.fail(name, "a non-empty array")
		return nil
	}
	list := make([]string, len(values))
	for i, value := range values {
		if list[i], ok = value.(string); !ok {
			r.fail(name, "an array of strings")
			return nil
		}
	}
	return list
}

func (r *reader) login() Login {
	l := Login{SessionID: r.optional("sid"), ACR: r.optional("acr"), IDP: r.optional("idp")}
	if r.has("amr") {
		l.AMR = r.texts("amr")
	}
	if r.has("auth_time") {
		l.AuthTime = r.time("auth_time")
	}
	return l
}

// actor takes an act claim, if there is one, with nothing in it but sub and the act before.
func (r *reader) actor() *Actor {
	if !r.has("act") {
		return nil
	}
	members, ok := r.take("act").(map[string]any)
	if !ok {
		r.fail("act", "an object")
		return nil
	}
	inner := reader{members: members}
	a := &Actor{Subject: Subject(inner.text("sub")), Previous: inner.actor()}
	if inner.err != nil || len(members) > 0 {
		r.fail("act", "an actor")
	}
	return a
}

// origin takes an exchanged_from claim, if there is one, with nothing in it but its two members.
func (r *reader) origin() *Origin {
	if !r.has("exchanged_from") {
		return nil
	}
	members, ok := r.take("exchanged_from").(map[string]any)
	if !ok {
		r.fail("exchanged_from", "an object")
		return nil
	}
	inner := reader{members: members}
	o := &Origin{ClientID: inner.text("client_id"), IDs: inner.texts("jti")}
	if inner.err != nil || len(members) > 0 {
		r.fail("exchanged_from", "an origin")
	}
	return o
}

// further returns the members that nobody took, or nil. A reserved claim among them belongs to another
// kind of token: a nonce to an ID token, a gid to an access token, events to a logout token.
func (r *reader) further() (map[string]any, error) {
	if r.err != nil || len(r.members) == 0 {
		return nil, r.err
	}
	return r.members, checkClaims(r.members)
}

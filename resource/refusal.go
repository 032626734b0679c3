package resource

import (
	"encoding/json"
	"net/http"
	"strings"
)

// A Refusal is why a request may not pass (RFC 6750 §3.1).
type Refusal struct {
	// Status is 400, 401, 403 or 503.
	Status int
	// Code is the error code; empty for a request that shows no token at all.
	Code        string
	Description string
	// Err is for the log, and may be nil.
	Err error

	realm, scope string
}

func (r *Refusal) Error() string {
	if r.Err != nil {
		return r.Err.Error()
	}
	return strings.TrimPrefix(r.Code+": "+r.Description, ": ")
}

func (r *Refusal) Unwrap() error { return r.Err }

// Challenge is the WWW-Authenticate header, or empty where there is none: a client whose token could
// not be judged need not get another.
func (r *Refusal) Challenge() string {
	if r.Status == http.StatusServiceUnavailable {
		return ""
	}
	parts := []string{`realm=` + quoted(r.realm)}
	if r.Code != "" {
		parts = append(parts, `error=`+quoted(r.Code), `error_description=`+quoted(r.Description))
	}
	if r.scope != "" {
		parts = append(parts, `scope=`+quoted(r.scope))
	}
	return "Bearer " + strings.Join(parts, ", ")
}

// Write answers a request with the refusal.
func (r *Refusal) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	if challenge := r.Challenge(); challenge != "" {
		h.Set("WWW-Authenticate", challenge)
	} else {
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(r.Status)
	_ = json.NewEncoder(w).Encode(struct { // a client that has gone needs no answer
		Error       string `json:"error,omitempty"`
		Description string `json:"error_description"`
	}{r.Code, r.Description})
}

// quoted makes a quoted-string (RFC 9110 §5.6.4) of text, whatever configuration put in it.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c >= ' ' && c < 0x7f:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

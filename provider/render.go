package provider

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// noContent is a result without a body.
type noContent struct{}

// created is a result that is answered 201.
type created struct{ body any }

// answer writes the outcome of an exchange. It is the only place that writes one. A result that is
// JSON already is sent as it is.
func (p *provider) answer(w http.ResponseWriter, r *http.Request, x *exchange, result any, err error) {
	x.charged.announce(w.Header())
	if err != nil {
		p.fail(w, r, x, asFault(err))
		return
	}
	noStore(w.Header())
	switch result := result.(type) {
	case created:
		writeJSON(w, http.StatusCreated, result.body)
	case noContent:
		w.WriteHeader(http.StatusNoContent)
	case json.RawMessage:
		writeBytes(w, http.StatusOK, result)
	case signedAnswer:
		result.write(w)
	default:
		writeJSON(w, http.StatusOK, result)
	}
}

// fail writes a fault in the dialect of the issuer.
func (p *provider) fail(w http.ResponseWriter, r *http.Request, x *exchange, f *Fault) {
	if f.Status >= http.StatusInternalServerError {
		p.log.ErrorContext(r.Context(), "request failed", "endpoint", string(x.endpoint), "issuer", x.issuer.url, "error", f)
	}
	if x.issuer.layout != nil && x.issuer.layout.realm {
		f = f.inRealm(x.basic)
	}
	h := w.Header()
	noStore(h)
	switch f.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", challenge(x, f))
	case http.StatusForbidden:
		if x.endpoint.takesBearer() {
			h.Set("WWW-Authenticate", challenge(x, f))
		}
	case http.StatusMethodNotAllowed:
		h.Set("Allow", strings.Join(x.endpoint.methods(), ", "))
	}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	writeJSON(w, f.Status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{f.Code, f.Description})
}

// challenge names the scheme to use (RFC 7235 §4.1). For an access token that is Bearer, which says
// what was wrong with it; a request without one is told nothing (RFC 6750 §3.1).
func challenge(x *exchange, f *Fault) string {
	if !x.endpoint.takesBearer() {
		return `Basic realm="` + x.issuer.url + `"`
	}
	if f.Code == missingToken {
		return `Bearer realm="` + x.issuer.url + `"`
	}
	return `Bearer realm="` + x.issuer.url + `", error="` + f.Code + `", error_description="` + f.Description + `"`
}

func noStore(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	writeBytes(w, status, b)
}

func writeBytes(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // a client that has gone needs no answer
}

// fromLibrary rewrites an error of the library's own. The front handler has judged what the library
// judges, so one that arrives here is a gap between the two: the client is told the code, if it is
// one that a client can cause, and the log the rest.
func fromLibrary(c *captured) *Fault {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if c.status == http.StatusNotFound {
		return &Fault{Status: http.StatusNotFound, Code: "not_found", Description: "No such endpoint"}
	}
	if err := json.Unmarshal(c.body.Bytes(), &said); err != nil {
		return unavailable(err)
	}
	causable := []string{"invalid_request", "invalid_grant", "invalid_scope", "unauthorized_client", "unsupported_grant_type"}
	switch {
	case said.Error == "invalid_client":
		return faultOf(wrongSecret)
	case slices.Contains(causable, said.Error):
		return &Fault{Status: http.StatusBadRequest, Code: said.Error, Description: "The request is not valid"}
	}
	return unavailable(&Fault{Status: c.status, Code: said.Error, Description: said.Description})
}

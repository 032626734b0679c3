package provider

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// maxForm bounds a request body and a query, in bytes.
const maxForm = 64 << 10

// readForm reads the body of a POST strictly: one media type, no query beside it, no parameter
// twice (RFC 6749 §3.2).
func readForm(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		// A secret in a query would end up in every access log on the way.
		return nil, invalidRequest("Parameters must be in the request body, not in the query")
	}
	if !isForm(r.Header) {
		return nil, invalidRequest("Content-Type must be application/x-www-form-urlencoded")
	}
	form, err := parseBody(r)
	if err != nil {
		return nil, err
	}
	if name := repeated(form); name != "" {
		return nil, invalidRequest("A parameter occurs more than once")
	}
	return form, nil
}

func isForm(h http.Header) bool {
	values := h.Values("Content-Type")
	if len(values) != 1 {
		return false
	}
	if values[0] == "application/x-www-form-urlencoded" {
		return true
	}
	media, _, err := mime.ParseMediaType(values[0])
	return err == nil && media == "application/x-www-form-urlencoded"
}

// parseBody reads a form without judging what is in it.
func parseBody(r *http.Request) (url.Values, error) {
	body, err := readAll(http.MaxBytesReader(nil, r.Body, maxForm), r.ContentLength)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &Fault{Status: http.StatusRequestEntityTooLarge, Code: "invalid_request", Description: "The request body is too large"}
	case err != nil:
		return nil, &Fault{Status: http.StatusBadRequest, Code: "invalid_request", Description: "The request body could not be read", Err: err}
	}
	form, ok := parseForm(string(body))
	if !ok {
		// An error would quote the body, and with it a secret.
		return nil, invalidRequest("The request body is not a well-formed form")
	}
	return form, nil
}

// parseForm is url.ParseQuery for forms in which little is escaped. A token is long and has nothing
// to unescape; looking for that byte by byte was a tenth of an introspection.
func parseForm(body string) (url.Values, bool) {
	form := make(url.Values, 4)
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, ok := unescaped(name)
		value, well := unescaped(value)
		if !ok || !well || strings.Contains(pair, ";") { // which once separated pairs, and is not one's own to guess
			return nil, false
		}
		form[name] = append(form[name], value)
	}
	return form, true
}

func unescaped(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	plain, err := url.QueryUnescape(s)
	return plain, err == nil
}

// readAll is io.ReadAll with room for as much as the request announces, within reason.
func readAll(body io.Reader, announced int64) ([]byte, error) {
	var b bytes.Buffer
	if announced > 0 && announced <= maxForm {
		b.Grow(int(announced) + bytes.MinRead) // so that ReadFrom sees the end without growing
	}
	_, err := b.ReadFrom(body)
	return b.Bytes(), err
}

// repeated returns the first parameter, in alphabetical order, that occurs more than once.
func repeated(form url.Values) string {
	var names []string
	for name, values := range form {
		if len(values) > 1 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

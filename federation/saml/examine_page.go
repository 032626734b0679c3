package saml

import (
	"bytes"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// maxPage is how much of an answer of the IdP's is read, in bytes.
const maxPage = 1 << 20

// samlResponse finds the form by which an IdP answers at once (SAML Bindings §3.5.4, §3.6.3).
var samlResponse = regexp.MustCompile(`(?s)name=["'](SAMLResponse|SAMLart)["'][^>]*value=["']([^"']+)["']|value=["']([^"']+)["'][^>]*name=["'](SAMLResponse|SAMLart)["']`)

// formParams returns the answer in a page, or nil.
func formParams(page []byte) url.Values {
	found := samlResponse.FindSubmatch(page)
	if found == nil {
		return nil
	}
	return url.Values{string(found[1]) + string(found[4]): {html.UnescapeString(string(found[2]) + string(found[3]))}}
}

var (
	pageTitle    = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	pageUnseen   = regexp.MustCompile(`(?is)<(?:head|script|style|noscript)\b.*?</(?:head|script|style|noscript)>`)
	pageTag      = regexp.MustCompile(`(?s)<[^>]*>`)
	pageQuestion = regexp.MustCompile(`(?i)<input\b[^>]*\btype=["']?(?:password|text|email|tel)\b`)
	pageStart    = regexp.MustCompile(`(?i)^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b`)
)

// isWebPage reports whether a document is HTML.
func isWebPage(text []byte) bool {
	return pageStart.Match(bytes.TrimPrefix(text, []byte(byteOrderMark)))
}

// wording returns a page's title or, without one, how what can be seen of it begins.
func wording(page []byte) string {
	text := visible(page)
	if found := pageTitle.FindSubmatch(page); found != nil {
		if title := plain(found[1]); title != "" {
			text = title
		}
	}
	return cut(text)
}

func visible(page []byte) string {
	return plain(pageTag.ReplaceAll(pageUnseen.ReplaceAll(page, nil), []byte(" ")))
}

func plain(text []byte) string {
	return strings.Join(strings.Fields(html.UnescapeString(string(text))), " ")
}

func (r reply) String() string {
	return fmt.Sprintf("a page that says %q, with HTTP status %d", wording(r.page), r.status)
}

// asks reports whether there is something to fill in.
func (r reply) asks() bool { return pageQuestion.Match(r.page) }

// like reports whether two pages say the same to two service providers, as far as their titles go.
func (r reply) like(other reply) bool {
	return other.params == nil && r.status == other.status && r.asks() == other.asks() && r.unnamed() == other.unnamed()
}

func (r reply) unnamed() string {
	return wording(bytes.ReplaceAll(r.page, []byte(r.base), nil))
}

// fewWords are too few for a refusal that a person should understand: such a page is made by its script, and
// anything.
const fewWords = 10

func (r reply) words() int { return len(strings.Fields(visible(r.page))) }

package web

import (
	"golang.org/x/text/language"
)

// Bounds on what a request may make us parse.
const (
	maxLocales        = 16
	maxAcceptLanguage = 512 // bytes
)

// Negotiate chooses a language: the first of the client's ui_locales that is understood, in their
// order (OpenID Connect Core §3.1.2.1), else the best for the browser's Accept-Language, else the
// fallback. Related languages count: nn and no are answered in nb.
func (c *Catalogue) Negotiate(uiLocales []string, acceptLanguage string) Language {
	for _, locale := range uiLocales[:min(len(uiLocales), maxLocales)] {
		tag, err := language.Parse(locale)
		if err != nil {
			continue // OpenID Connect Core: an unsupported locale is no error
		}
		if l, ok := c.match(tag); ok {
			return l
		}
	}
	if len(acceptLanguage) <= maxAcceptLanguage {
		if tags, _, err := language.ParseAcceptLanguage(acceptLanguage); err == nil && len(tags) > 0 {
			if l, ok := c.match(tags...); ok {
				return l
			}
		}
	}
	return c.languages[0]
}

func (c *Catalogue) match(tags ...language.Tag) (Language, bool) {
	_, i, confidence := c.matcher.Match(tags...)
	return c.languages[i], confidence > language.No
}

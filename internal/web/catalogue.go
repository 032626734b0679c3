package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// A Catalogue holds the texts of pages, by language and key. It is immutable.
type Catalogue struct {
	languages []Language // the first is the fallback
	matcher   language.Matcher
}

// A Language is a Catalogue in one language.
type Language struct {
	tag   language.Tag
	texts map[string]string
}

// LoadCatalogue reads <tag>.json for each tag from files: one object of texts by key. It refuses a
// key that is missing or empty in one of the languages, and texts whose placeholders differ.
// The first tag is the language for those who understand none.
func LoadCatalogue(files fs.FS, tags ...string) (*Catalogue, error) {
	c := new(Catalogue)
	var known []language.Tag
	for _, name := range tags {
		tag, err := language.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("language %q: %w", name, err)
		}
		texts, err := loadTexts(files, name+".json")
		if err != nil {
			return nil, err
		}
		c.languages = append(c.languages, Language{tag, texts})
		known = append(known, tag)
	}
	if len(c.languages) == 0 {
		return nil, errors.New("catalogue without a language")
	}
	for _, l := range c.languages[1:] {
		if err := compare(c.languages[0], l); err != nil {
			return nil, err
		}
	}
	c.matcher = language.NewMatcher(known)
	return c, nil
}

func loadTexts(files fs.FS, name string) (map[string]string, error) {
	data, err := fs.ReadFile(files, path.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("messages in %s: %w", name, err)
	}
	return texts, nil
}

// compare reports every difference between two languages at once.
func compare(a, b Language) error {
	var faults []error
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a.texts)), maps.Keys(b.texts))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		switch in, out := a.texts[key], b.texts[key]; {
		case in == "":
			faults = append(faults, fmt.Errorf("message %q is missing in %v", key, a.tag))
		case out == "":
			faults = append(faults, fmt.Errorf("message %q is missing in %v", key, b.tag))
		case !slices.Equal(placeholders(in), placeholders(out)):
			faults = append(faults, fmt.Errorf("message %q: placeholders of %v and %v differ", key, a.tag, b.tag))
		}
	}
	return errors.Join(faults...)
}

func placeholders(text string) []string {
	names := regexp.MustCompile(`\{[a-z_]+\}`).FindAllString(text, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// Languages returns the catalogue in each language, the fallback first.
func (c *Catalogue) Languages() []Language { return slices.Clone(c.languages) }

// Tag returns the BCP 47 tag, for the lang attribute.
func (l Language) Tag() string { return l.tag.String() }

// Has reports whether there is a text for key.
func (l Language) Has(key string) bool { return l.texts[key] != "" }

// Keys returns all keys, sorted.
func (l Language) Keys() []string { return slices.Sorted(maps.Keys(l.texts)) }

// Text returns the text for key. Pairs are the names and values of its placeholders: "{name}" in
// the text is replaced by the value of "name". The result is plain text, not markup. An unknown key
// returns the key itself, so that a mistake is visible and not a blank page.
func (l Language) Text(key string, pairs ...string) string {
	text, ok := l.texts[key]
	if !ok {
		return key
	}
	if len(pairs) == 0 {
		return text
	}
	replacements := slices.Clone(pairs)
	for i := 0; i+1 < len(replacements); i += 2 {
		replacements[i] = "{" + replacements[i] + "}"
	}
	return strings.NewReplacer(replacements...).Replace(text) // one pass: values are never searched
}

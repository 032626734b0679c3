package registry

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// changes says how the value of a key differs between two outlines, one line for each place: a list of
// mappings, such as the rules of a connection, has one for each element that is not what it was.
func changes(key string, before, after outline) []string {
	old, had := before.get(key)
	now, has := after.get(key)
	olds, wasList := old.([]yaml.MapSlice)
	news, isList := now.([]yaml.MapSlice)
	if (wasList || !had) && (isList || !has) {
		return elementChanges(key, olds, news)
	}
	if line := change(key, written(old), written(now), had, has); line != "" {
		return []string{line}
	}
	return nil
}

// elementChanges leaves out the elements that both lists begin and end with.
func elementChanges(key string, old, now []yaml.MapSlice) []string {
	same := func(i, j int) bool { return written(old[i]) == written(now[j]) }
	first := 0
	for first < len(old) && first < len(now) && same(first, first) {
		first++
	}
	oldEnd, nowEnd := len(old), len(now)
	for oldEnd > first && nowEnd > first && same(oldEnd-1, nowEnd-1) {
		oldEnd, nowEnd = oldEnd-1, nowEnd-1
	}
	var lines []string
	for i := first; i < max(oldEnd, nowEnd); i++ {
		var before, after string
		if i < oldEnd {
			before = written(old[i])
		}
		if i < nowEnd {
			after = written(now[i])
		}
		if line := change(fmt.Sprintf("%s[%d]", key, i), before, after, i < oldEnd, i < nowEnd); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func change(key, old, now string, had, has bool) string {
	switch {
	case old == now:
		return ""
	case !had:
		return fmt.Sprintf("%s: added %s", key, brief(now))
	case !has:
		return fmt.Sprintf("%s: removed %s", key, brief(old))
	}
	return fmt.Sprintf("%s: %s → %s", key, brief(old), brief(now))
}

// brief names a document, such as the metadata of an identity provider, by its size and the beginning of
// its SHA-256 digest.
func brief(text string) string {
	if strings.Contains(text, "\n") {
		return fmt.Sprintf("%d bytes, sha256 %.4x", len(text), sha256.Sum256([]byte(text)))
	}
	return text
}

// written is a value as a tenant file has it; what is no text is in one line.
func written(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	if err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(string(text), "\n")
}

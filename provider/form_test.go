package provider

import (
	"maps"
	"net/url"
	"slices"
	"testing"
)

// FuzzParseForm: whatever url.ParseQuery refuses is refused, and whatever it reads is read alike.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"", "a=1", "a=1&b=2&a=3", "a", "=", "&&", "a=b=c", "a+b=c+d", "%61=%62", "a=%", "a=%zz", "a;b=c", "a=1;b=2", "a=%3B", "token=e30.e30.e30",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		want, err := url.ParseQuery(body)
		got, ok := parseForm(body)
		if ok != (err == nil) {
			t.Fatalf("%q: read %v, url.ParseQuery says %v", body, ok, err)
		}
		if ok && !maps.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Fatalf("%q: %v, want %v", body, got, want)
		}
	})
}

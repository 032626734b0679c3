package web

import (
	"strings"
	"testing"
	"testing/fstest"
)

func catalogue(en, nb string) fstest.MapFS {
	return fstest.MapFS{"en.json": {Data: []byte(en)}, "nb.json": {Data: []byte(nb)}}
}

func TestLoadCatalogueRefuses(t *testing.T) {
	if _, err := LoadCatalogue(catalogue(`{"a":"hello {name}"}`, `{"a":"hei {name}"}`), "en", "nb"); err != nil {
		t.Fatalf("control: %v", err)
	}
	for _, test := range []struct{ name, en, nb, want string }{
		{"a missing key", `{"a":"1","b":"2"}`, `{"a":"1"}`, `"b" is missing in nb`},
		{"an extra key", `{"a":"1"}`, `{"a":"1","c":"3"}`, `"c" is missing in en`},
		{"an empty text", `{"a":"1"}`, `{"a":""}`, `"a" is missing in nb`},
		{"a forgotten placeholder", `{"a":"x {name}"}`, `{"a":"x"}`, "placeholders"},
		{"no JSON", `{"a":"1"}`, `-`, "nb.json"},
	} {
		_, err := LoadCatalogue(catalogue(test.en, test.nb), "en", "nb")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error with %s", test.name, err, test.want)
		}
	}
	if _, err := LoadCatalogue(catalogue(`{"a":"1","b":"2"}`, `{"c":"1"}`), "en", "nb"); err == nil ||
		strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("three faults are reported as %v", err)
	}
}

func TestText(t *testing.T) {
	c, err := LoadCatalogue(catalogue(`{"greet":"{a} meets {b}"}`, `{"greet":"{a} treffer {b}"}`), "en", "nb")
	if err != nil {
		t.Fatal(err)
	}
	en := c.Languages()[0]
	if got := en.Text("greet", "a", "{b}", "b", "<i>Bo</i>"); got != "{b} meets <i>Bo</i>" {
		t.Errorf("values were searched for placeholders, or changed: %q", got)
	}
	if got := en.Text("nothing"); got != "nothing" {
		t.Errorf("an unknown key is %q, want the key", got)
	}
}

func TestNegotiate(t *testing.T) {
	c, err := LoadCatalogue(catalogue(`{"a":"1"}`, `{"a":"1"}`), "en", "nb")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		ui     []string
		accept string
		want   string
	}{
		{"nothing said", nil, "", "en"},
		{"the browser", nil, "nb-NO,nb;q=0.9,en;q=0.5", "nb"},
		{"the browser prefers English", nil, "en-GB,nb;q=0.5", "en"},
		{"macro language", nil, "no", "nb"},
		{"Nynorsk", nil, "nn-NO", "nb"},
		{"a stranger with a second choice", nil, "ja,nb;q=0.3", "nb"},
		{"a stranger", nil, "ja", "en"},
		{"the client overrules", []string{"nb"}, "en", "nb"},
		{"the client's order", []string{"en", "nb"}, "nb", "en"},
		{"the client's second choice", []string{"ja", "no"}, "en", "nb"},
		{"the client's stranger", []string{"ja"}, "nb", "nb"},
		{"markup", []string{"<script>"}, "nb", "nb"},
		{"broken header", nil, "nb;q=x,,;", "en"},
		{"endless header", nil, "nb," + strings.Repeat("a-b-c,", 1000), "en"},
		{"endless list", append(make([]string, 100), "nb"), "", "en"},
	} {
		if got := c.Negotiate(test.ui, test.accept).Tag(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

package yamlfault_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/internal/yamlfault"
)

func TestJSON(t *testing.T) {
	files := world{"jwk": "{ \"kty\": \"EC\" }\n", "motto": "two\nlines\n", "list": "[1]", "torn": `{"d":"hush"`}
	for _, tc := range []struct{ name, text, key, motto, fault string }{
		{name: "as YAML", text: "key:\n  kty: EC\n  key_ops: [verify]\n  n: 1\n  ext: true", key: `{"ext":true,"key_ops":["verify"],"kty":"EC","n":1}`},
		{name: "as pasted JSON", text: `key: {"kty":"EC","kid":"${HOME}"}`, key: `{"kid":"${HOME}","kty":"EC"}`},
		{name: "from a file", text: "key_file: jwk", key: `{"kty":"EC"}`},
		{name: "text from a file", text: "motto_file: motto", motto: "two\nlines"},
		{name: "text as it is", text: "motto: one", motto: "one"},
		{name: "text", text: "key: x", fault: "s.yaml:1: key: want a mapping, have other text"},
		{name: "a list", text: "key: [x]", fault: "s.yaml:1: key: want a mapping, have something else"},
		{name: "nothing", text: "key:\n  kty:", fault: "s.yaml:2: key.kty: want text"},
		{name: "a decimal number", text: "key: { n: 1.5 }", fault: "s.yaml:1: key.n: want text"},
		{name: "an alias", text: "key: { a: &x b, c: *x }", fault: "s.yaml:1: key.a: want text"},
		{name: "a key twice", text: "key: { a: b, a: c }", fault: "s.yaml:1: key.a: keys must be plain text, each once"},
		{name: "both", text: "motto: x\nmotto_file: motto", fault: "s.yaml:2: motto_file: give either motto or motto_file"},
		{name: "a file with a list", text: "key_file: list", fault: "s.yaml:1: key_file: file list holds no JSON object"},
		{name: "a torn file", text: "key_file: torn", fault: "s.yaml:1: key_file: file torn holds no JSON object"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got server
			err := yamlfault.Decode("s.yaml", []byte(tc.text), files, &got).Err()
			if tc.fault != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tc.fault) || strings.Contains(err.Error(), "hush") {
					t.Fatalf("got  %v\nwant %s …", err, tc.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tc.key, tc.motto}, []string{string(got.Key), got.Motto}); diff != "" {
				t.Errorf("key and motto (-want +got):\n%s", diff)
			}
		})
	}
}

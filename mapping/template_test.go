package mapping

import (
	"encoding/json"
	"strings"
	"testing"
)

func identity() Identity {
	return Identity{
		Connection: "corp", Issuer: "https://idp.example", Subject: "s-1", ExternalID: "oid-7",
		Email: "Ana@Acme.example", EmailVerified: true,
		Claims: map[string]any{
			"employeeid": " E42 ", "given": "ana", "n": float64(4711), "big": float64(1 << 60), "frac": 1.5,
			"num": json.Number("12345678901234567890"), "one": []any{"x"}, "many": []any{"x", "y"}, "none": []any{},
			"obj": map[string]any{"inner": "deep"}, "empty": "", "null": nil, "yes": true,
			"https://acme.example/id": "ns", "sub": "forged", "email": "forged@acme.example", "kelvin": "\u212aA",
		},
	}
}

func TestTemplates(t *testing.T) {
	for _, tc := range []struct{ template, want, wantErr string }{
		{"{{ .employeeid | trim | lower }}", "e42", ""},
		{"u-{{ .given | upper }}.{{ .n }}", "u-ANA.4711", ""},
		{`{{ replace "a" "o" .given }}`, "ono", ""},
		{`{{ .absent | default "x" }}`, "x", ""},
		{`{{ .empty | default .given }}`, "ana", ""},
		{`{{ default "x" (lower .absent) }}`, "x", ""},
		{"{{ local .email }}/{{ domain .email | lower }}", "Ana/acme.example", ""},
		{`{{ claim "https://acme.example/id" }}`, "ns", ""},
		{"{{ .obj.inner }}", "deep", ""},
		{"{{ .one }}{{ .yes }}{{ .num }}", "xtrue12345678901234567890", ""},
		{"{{ .sub }} {{ .email }} {{ .iss }} {{ .external_id }}", "s-1 Ana@Acme.example https://idp.example oid-7", ""},
		{"{{ .kelvin | lower }}", "\u212aa", ""}, // the Kelvin sign is no k
		{"{{ .absent }}", "", "claim absent is missing"},
		{"x{{ .null }}", "", "claim null is missing"},
		{"{{ .obj.nope }}", "", "claim obj.nope is missing"},
		{"{{ .obj }}", "", "claim obj is not text"},
		{"{{ .big }}", "", "claim big is not text"},
		{"{{ .frac }}", "", "claim frac is not text"},
		{"{{ .many }}", "", "claim many has 2 values"},
		{"{{ .none }}", "", "claim none has 0 values"},
		{"a{{ .empty }}b", "", "claim empty is empty"},
	} {
		t.Run(tc.template, func(t *testing.T) {
			compiled, err := compileTemplate(tc.template)
			if err != nil {
				t.Fatal(err)
			}
			got, err := compiled.render(claimSource{identity()})
			if tc.wantErr != "" {
				if err == nil || err.Error() != tc.wantErr {
					t.Errorf("got %q, %v; want error %s", got, err, tc.wantErr)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func TestTemplateLint(t *testing.T) {
	if _, err := compileTemplate("{{ .a }}"); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	for template, want := range map[string]string{
		"constant":                            "names no claim",
		"{{ `x` }}":                           "names no claim",
		"{{ .a":                               "unclosed action",
		"{{ range .a }}{{ . }}{{ end }}":      "not allowed",
		"{{ if .a }}x{{ end }}":               "not allowed",
		"{{ with .a }}{{ . }}{{ end }}":       "not allowed",
		"{{ define \"x\" }}{{ end }}{{ .a }}": "define",
		"{{ block \"x\" . }}{{ end }}":        "not allowed",
		"{{ template \"x\" }}{{ .a }}":        "not allowed",
		"{{ $x := .a }}{{ $x }}":              "variables",
		"{{ $ }}":                             "not allowed",
		"{{ . }}":                             "not allowed",
		"{{ nil }}":                           "nil",
		"{{ 1 }}":                             "not allowed",
		"{{ index .a 0 }}":                    "not defined",
		"{{ call .a }}":                       "not defined",
		"{{ printf \"%s\" .a }}":              "not defined",
		"{{ eq .a .b }}":                      "not defined",
		"{{ js .a }}":                         "not defined",
		"{{ (.a).b }}":                        "not allowed",
		"{{ .a \"x\" }}":                      "not a function",
		"{{ \"x\" | .a }}":                    "not a function",
		"{{ lower }}":                         "takes 1 arguments and has 0",
		"{{ lower .a .b }}":                   "takes 1 arguments and has 2",
		"{{ lower trim .a }}":                 "parentheses",
		"{{ claim .a }}":                      "literal",
		"{{ \"a\" | claim }}":                 "literal",
		"{{ claim \"\" }}":                    "literal",
	} {
		if _, err := compileTemplate(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want … %s", template, err, want)
		}
	}
}

// FuzzTemplate asserts that whatever compiles renders the same twice, and nothing without claims
// unless it says default.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"{{ .a | trim | lower }}", `{{ claim "b" | default "x" }}`, `{{ replace "a" (upper .b) .c }}`, "{{/* c */}}{{- .a -}}"} {
		f.Add(text, "value")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		compiled, err := compileTemplate(text)
		if err != nil {
			return
		}
		full := claimSource{Identity{Subject: value, Issuer: value, Email: value, ExternalID: value, Claims: map[string]any{}}}
		for _, name := range compiled.claims {
			full.id.Claims[name.name] = value
		}
		one, err1 := compiled.render(full)
		two, err2 := compiled.render(full)
		if one != two || (err1 == nil) != (err2 == nil) {
			t.Errorf("%q gives %q then %q", text, one, two)
		}
		if got, err := compiled.render(claimSource{}); err == nil && !strings.Contains(text, "default") {
			t.Errorf("%q gives %q without any claim", text, got)
		}
	})
}

package federation

import (
	"encoding/json"
	"testing"
)

// FuzzALenientDecoderReadsTheSame looks for text that passes our checks and that encoding/json, as
// go-oidc uses it, understands otherwise: then one token would have two subjects.
func FuzzALenientDecoderReadsTheSame(f *testing.F) {
	for _, seed := range []string{
		`{"sub":"ana","iss":"https://idp.example","nonce":"n"}`,
		`{"sub":"ana","SUB":"bob"}`,
		`{"ſub":"bob","sub":"ana"}`,
		`{"sub":"ana","s\u0075b":"bob"}`,
		`{"sub":"ana","sub\u0000":"bob"}`,
		`{"sub":"\ud800","iss":null}`,
		`{"a":{"sub":1},"sub":["ana"]} `,
		`{"sub":"ana"}{"sub":"bob"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		strict, err := parseObject(data)
		if err != nil || checkSpelling(strict) != nil {
			return
		}
		var lenient struct {
			Subject string `json:"sub"`
			Issuer  string `json:"iss"`
			Nonce   string `json:"nonce"`
		}
		if json.Unmarshal(data, &lenient) != nil {
			return // a claim of another type: the library refuses the token
		}
		for name, got := range map[string]string{"sub": lenient.Subject, "iss": lenient.Issuer, "nonce": lenient.Nonce} {
			if want := strict.text(name); got != want {
				t.Errorf("%s: %q to a lenient decoder, %q to us, in %q", name, got, want, data)
			}
		}
	})
}

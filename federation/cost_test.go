package federation_test

import (
	"strings"
	"testing"
	"time"
)

// maxCost is what an attack may cost before it is refused. Signing and verifying, which honest tokens cost
// too, are some hundred microseconds of that.
const maxCost = 50 * time.Millisecond

// TestCostlyTokens: anybody can post a logout token, and it is the largest that is read without a login
// that has begun.
func TestCostlyTokens(t *testing.T) {
	h := newHostile(t)
	o := h.open(nil)
	if _, err := o.VerifyLogout(t.Context(), logoutOf(h).token(t)); err != nil {
		t.Fatal("positive control:", err)
	}
	const size = 46_000 // of a payload, which base64 makes as large as a token may be
	fill := func(text string) string { return strings.Repeat(text, size/len(text)) }
	unsigned := func(f *forgery) { f.sign = func(string) []byte { return make([]byte, 256) } }
	for _, tc := range []struct {
		name   string
		change func(*forgery)
		want   string
	}{
		{"many members", member(strings.TrimSuffix(fill(`"x":1,`), ",")), "duplicate member"},
		{"nested arrays", member(`"x":` + strings.Repeat("[", size/2) + strings.Repeat("]", size/2)), "max depth"},
		{"nested objects, unsigned", both(member(`"x":`+strings.Repeat(`{"x":`, size/12)+"1"+strings.Repeat("}", size/12)), unsigned), "no key of the identity provider"},
		{"many audiences", claim("aud", strings.Split(strings.Repeat("b,", size/4), ",")), "audience"},
		{"a long number", member(`"x":1` + strings.Repeat("0", size)), ""},
		{"a long number as a time", member(`"nbf":1` + strings.Repeat("0", size)), "unmarshal"},
		{"a long typ", header("typ", fill("t")), "another kind of token"},
		{"a long alg", header("alg", fill("a")), "is not one of"},
		{"a number with a large exponent", member(`"auth_time":1e999999999`), ""},
		{"many escapes", member(`"x":"` + fill(`\u0041`) + `"`), ""},
		{"a long kid", header("kid", fill("k")), "no key of the identity provider"},
		{"a long header", header("x", strings.Split(strings.Repeat("b,", size/4), ",")), ""},
		{"a token larger than any", member(`"x":"` + fill("x") + fill("x") + `"`), "too many"},
		{"nothing but dots", func(f *forgery) { f.tamper = func(string) string { return fill(".") } }, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := logoutOf(h)
			tc.change(f)
			raw := f.token(t)
			fastest := time.Hour
			for try := 0; try < 3 || try < 20 && fastest > slower*maxCost; try++ { // others share the processor
				began := time.Now()
				_, err := o.VerifyLogout(t.Context(), raw)
				fastest = min(fastest, time.Since(began))
				if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Fatalf("error is %.500v, want %q", err, tc.want)
				}
			}
			if _, err := o.VerifyLogout(t.Context(), raw); err != nil && len(err.Error()) > 1000 {
				t.Errorf("%d bytes in the log", len(err.Error()))
			}
			if fastest > slower*maxCost {
				t.Errorf("judging %d bytes took %s", len(raw), fastest)
			}
		})
	}
}

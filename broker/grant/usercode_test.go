package grant_test

import (
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/broker/grant"
)

func TestUserCodes(t *testing.T) {
	b := newBench(t)
	seen, letters := map[grant.UserCode]bool{}, map[rune]int{}
	const n = 200
	for range n {
		_, d, err := b.NewDevice(t.Context(), grant.DeviceRequest{Issuer: issuer, ClientID: "agent-app"})
		if err != nil {
			t.Fatal(err)
		}
		seen[d.UserCode] = true
		for _, r := range d.UserCode {
			letters[r]++
		}
		if back, ok := grant.ParseUserCode(d.UserCode.String()); !ok || back != d.UserCode {
			t.Fatalf("%q is read as %q, %v", d.UserCode.String(), back, ok)
		}
	}
	if len(seen) != n || len(letters) != 20 {
		t.Errorf("%d codes of %d letters; want %d of 20", len(seen), len(letters), n)
	}
	for letter, count := range letters { // 80 expected of each; 8 σ is 70
		if strings.ContainsRune("AEIOUY0123456789", letter) || count < 20 || count > 150 {
			t.Errorf("letter %c occurs %d times in %d", letter, count, n*8)
		}
	}
}

func TestParseUserCode(t *testing.T) {
	for typed, want := range map[string]grant.UserCode{
		"BCDF-GHJK": "BCDFGHJK", "bcdf-ghjk": "BCDFGHJK", "BCDFGHJK": "BCDFGHJK", " b c d f g h j k ": "BCDFGHJK",
		"BCDF–GHJK": "BCDFGHJK", "bcdf.ghjk": "BCDFGHJK",
		"": "", "BCDF": "", "BCDF-GHJKL": "", "ABCD-EFGH": "", "BCDF-GHJ1": "", "BCDF-GHJ\x00": "", "ßCDF-GHJK": "",
		"BCDF/GHJK": "", strings.Repeat("-", 60) + "BCDFGHJK": "",
	} {
		got, ok := grant.ParseUserCode(typed)
		if got != want || ok != (want != "") {
			t.Errorf("%q is read as %q, %v; want %q", typed, got, ok, want)
		}
	}
}

func FuzzParseUserCode(f *testing.F) {
	f.Add("bcdf ghjk")
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := grant.ParseUserCode(typed)
		if !ok {
			return
		}
		if again, ok := grant.ParseUserCode(code.String()); !ok || again != code || len(code) != 8 {
			t.Errorf("%q is %q, which is %q, %v", typed, code, again, ok)
		}
	})
}

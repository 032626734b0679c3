package keyfile_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

var day = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func generate(t testing.TB) *keyfile.Keys {
	t.Helper()
	keys, err := keyfile.Generate(day)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func seal(t testing.TB, keys *keyfile.Keys, plaintext, row string) []byte {
	t.Helper()
	sealed, err := keys.Seal([]byte(plaintext), []byte(row))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestASealedValueOpensOnlyInItsRow(t *testing.T) {
	keys := generate(t)
	sealed := seal(t, keys, "correct horse", "row 1")
	flipped := func(i int) []byte {
		b := bytes.Clone(sealed)
		b[i] ^= 1
		return b
	}
	cases := []struct {
		name   string
		keys   *keyfile.Keys
		sealed []byte
		row    string
		want   error
	}{
		{name: "control", keys: keys, sealed: sealed, row: "row 1"},
		{name: "another row", keys: keys, sealed: sealed, row: "row 2", want: keyfile.ErrAltered},
		{name: "no row", keys: keys, sealed: sealed, want: keyfile.ErrAltered},
		{name: "another key file", keys: generate(t), sealed: sealed, row: "row 1", want: keyfile.ErrUnknownKey},
		{name: "another version", keys: keys, sealed: flipped(0), row: "row 1", want: keyfile.ErrAltered},
		{name: "another key id", keys: keys, sealed: flipped(3), row: "row 1", want: keyfile.ErrUnknownKey},
		{name: "another nonce", keys: keys, sealed: flipped(10), row: "row 1", want: keyfile.ErrAltered},
		{name: "another ciphertext", keys: keys, sealed: flipped(len(sealed) - 20), row: "row 1", want: keyfile.ErrAltered},
		{name: "another tag", keys: keys, sealed: flipped(len(sealed) - 1), row: "row 1", want: keyfile.ErrAltered},
		{name: "cut short", keys: keys, sealed: sealed[:len(sealed)-1], row: "row 1", want: keyfile.ErrAltered},
		{name: "header only", keys: keys, sealed: sealed[:9], row: "row 1", want: keyfile.ErrAltered},
		{name: "empty", keys: keys, sealed: nil, row: "row 1", want: keyfile.ErrAltered},
	}
	for i, tc := range cases {
		got, err := tc.keys.Open(tc.sealed, []byte(tc.row))
		if i == 0 && (err != nil || string(got) != "correct horse") {
			t.Fatalf("%s: %q, %v", tc.name, got, err)
		}
		if !errors.Is(err, tc.want) || err != nil && got != nil {
			t.Errorf("%s: %q, %v; want %v", tc.name, got, err, tc.want)
		}
	}
	if again := seal(t, keys, "correct horse", "row 1"); bytes.Equal(again, sealed) {
		t.Error("the same value sealed twice is the same")
	}
	if bytes.Contains(sealed, []byte("horse")) {
		t.Error("the sealed value shows the plaintext")
	}
}

func BenchmarkSealAndOpen(b *testing.B) {
	keys, row := generate(b), []byte("0123456789abcdef")
	for b.Loop() {
		if _, err := keys.Open(seal(b, keys, "0123456789abcdef0123456789abcdef", string(row)), row); err != nil {
			b.Fatal(err)
		}
	}
}

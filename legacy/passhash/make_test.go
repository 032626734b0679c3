package passhash

import (
	"strings"
	"testing"
)

func TestOutdates(t *testing.T) {
	bcrypt := func(cost string) string { return "$2y$" + cost + "$" + strings.Repeat("a", 53) }
	for _, tt := range []struct {
		stored           string
		bcrypt, argon2id bool // whether a new hash in that scheme is better
	}{
		{bcrypt("12"), false, true},
		{"{bcrypt}" + bcrypt("12"), false, true},
		{bcrypt("13"), false, true},
		{bcrypt("10"), true, true},
		{"$argon2id$v=19$m=4096,t=3,p=1$a$b", true, false},
		{"{argon2}$argon2id$v=19$m=4096,t=3,p=1$a$b", true, false},
		{"$argon2i$v=19$m=4096,t=3,p=1$a$b", true, true},
		{"5f4dcc3b5aa765d61d8327deb882cf99", true, true},
		{"", true, true},
	} {
		if got := Bcrypt.outdates(tt.stored); got != tt.bcrypt {
			t.Errorf("bcrypt outdates %q: %v", tt.stored, got)
		}
		if got := Argon2id.outdates(tt.stored); got != tt.argon2id {
			t.Errorf("argon2id outdates %q: %v", tt.stored, got)
		}
	}
}

// TestMadeHashesVerify makes a hash in every scheme and reads it as any other.
func TestMadeHashesVerify(t *testing.T) {
	v, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []Scheme{Bcrypt, Argon2id} {
		made, err := scheme.hash("correct horse é")
		if err != nil {
			t.Fatal(err)
		}
		h, err := v.Parse(Stored{Hash: made})
		if err != nil || !h.Verify("correct horse é") || h.Verify("correct horse e") || scheme.outdates(made) {
			t.Errorf("%s: %v", scheme, err)
		}
	}
	if _, err := Scheme("md5").hash("x"); err == nil || Scheme("md5").Known() {
		t.Error("md5 makes hashes")
	}
}

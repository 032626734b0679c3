package keyfile_test

import (
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

func TestTag(t *testing.T) {
	keys, err := keyfile.Generate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	other, err := keyfile.Generate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want := keys.Tag("login", []byte("ana"))
	if keys.Tag("login", []byte("ana")) != want {
		t.Fatal("positive control: the same value has two tags")
	}
	for name, got := range map[string][32]byte{
		"another value":     keys.Tag("login", []byte("anb")),
		"another purpose":   keys.Tag("logins", []byte("ana")),
		"a shifted purpose": keys.Tag("login\x00a", []byte("na")),
		"another key":       other.Tag("login", []byte("ana")),
	} {
		if got == want {
			t.Errorf("%s has the same tag", name)
		}
	}
}

package keyfile_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

const passphrase = "correct horse battery staple"

func identity(t testing.TB) keyfile.Unlock {
	t.Helper()
	text, err := keyfile.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := keyfile.Identity(text)
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

func byPassphrase(t testing.TB, text string) keyfile.Unlock {
	t.Helper()
	unlock, err := keyfile.Passphrase(text)
	if err != nil {
		t.Fatal(err)
	}
	return unlock
}

func create(t testing.TB, unlock keyfile.Unlock) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "patchbay.key")
	if _, err := keyfile.Create(path, unlock, day); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAKeyFileKeepsItsKeys(t *testing.T) {
	for name, unlock := range map[string]keyfile.Unlock{"passphrase": byPassphrase(t, passphrase), "identity": identity(t)} {
		t.Run(name, func(t *testing.T) {
			path := create(t, unlock)
			first, err := keyfile.Open(path, unlock)
			if err != nil {
				t.Fatal(err)
			}
			sealed := seal(t, first, "before", "row")

			added, err := keyfile.AddKey(path, unlock, day.AddDate(0, 3, 0))
			if err != nil {
				t.Fatal(err)
			}
			reopened, err := keyfile.Open(path, unlock)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(added.List(), reopened.List()); diff != "" {
				t.Errorf("the file's keys differ from those that were added (-added +file):\n%s", diff)
			}
			want := []keyfile.Info{
				{ID: first.List()[0].ID, CreatedAt: day},
				{ID: reopened.List()[1].ID, CreatedAt: day.AddDate(0, 3, 0), Current: true},
			}
			if diff := cmp.Diff(want, reopened.List()); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if plain, err := reopened.Open(sealed, []byte("row")); err != nil || string(plain) != "before" {
				t.Errorf("the old key opens %q, %v", plain, err)
			}
			if _, err := first.Open(seal(t, reopened, "after", "row"), []byte("row")); !errors.Is(err, keyfile.ErrUnknownKey) {
				t.Errorf("what the new key sealed, opened without it: %v, want ErrUnknownKey", err)
			}
			entries, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) != 1 {
				t.Errorf("directory holds %v, want the key file only", entries)
			}
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
				t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
			}
		})
	}
}

func TestWhatOpensNoKeyFile(t *testing.T) {
	mine := identity(t)
	sealed, err := os.ReadFile(create(t, mine))
	if err != nil {
		t.Fatal(err)
	}
	protected, err := os.ReadFile(create(t, byPassphrase(t, passphrase)))
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ageText, err := keyfile.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	const howTo = `make a sealed one with "patchbay key generate"`
	cases := []struct {
		name    string
		content []byte
		mode    fs.FileMode
		unlock  keyfile.Unlock
		wantErr error
		says    string
	}{
		{name: "control", content: sealed, unlock: mine},
		{name: "read-only", content: sealed, mode: 0o400, unlock: mine},
		{name: "PEM key", content: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), unlock: mine, wantErr: keyfile.ErrNotSealed, says: "PEM"},
		{name: "JWK", content: []byte(`{"kty":"oct","k":"c2VjcmV0"}`), unlock: mine, wantErr: keyfile.ErrNotSealed, says: "JWK"},
		{name: "our own JSON, unsealed", content: []byte(`{"version":1,"keys":[]}`), unlock: mine, wantErr: keyfile.ErrNotSealed, says: "JSON"},
		{name: "raw key", content: raw, unlock: mine, wantErr: keyfile.ErrNotSealed, says: "bare key"},
		{name: "hex key", content: []byte(hex.EncodeToString(raw) + "\n"), unlock: mine, wantErr: keyfile.ErrNotSealed, says: "bare key"},
		{name: "base64 key", content: []byte(base64.StdEncoding.EncodeToString(raw) + "\n"), unlock: mine, wantErr: keyfile.ErrNotSealed, says: "bare key"},
		{name: "age identity", content: []byte(ageText), unlock: mine, wantErr: keyfile.ErrNotSealed, says: "identity"},
		{name: "empty", content: nil, unlock: mine, wantErr: keyfile.ErrNotSealed, says: "empty"},
		{name: "group may read", content: sealed, mode: 0o640, unlock: mine, wantErr: keyfile.ErrExposed, says: "0640"},
		{name: "world may read", content: sealed, mode: 0o604, unlock: mine, wantErr: keyfile.ErrExposed, says: "0604"},
		{name: "group may write", content: sealed, mode: 0o620, unlock: mine, wantErr: keyfile.ErrExposed, says: "0620"},
		{name: "another identity", content: sealed, unlock: identity(t), says: "does not open it"},
		{name: "a passphrase where an identity is due", content: sealed, unlock: byPassphrase(t, passphrase), says: "does not open it"},
		{name: "an identity where a passphrase is due", content: protected, unlock: mine, says: "does not open it"},
		{name: "wrong passphrase", content: protected, unlock: byPassphrase(t, "incorrect horse battery"), says: "does not open it"},
		{name: "nothing to unlock with", content: sealed, says: "neither a passphrase nor an identity"},
		{name: "cut short", content: sealed[:len(sealed)*2/3], unlock: mine, says: "key file"},
		{name: "huge", content: bytes.Repeat([]byte("x"), 1<<20), unlock: mine, says: "more than 65536 bytes"},
	}
	for i, tc := range cases {
		path := filepath.Join(t.TempDir(), "patchbay.key")
		if err := os.WriteFile(path, tc.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if tc.mode != 0 {
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := keyfile.Open(path, tc.unlock)
		switch {
		case tc.says == "" && err != nil:
			t.Fatalf("%s: %v", tc.name, err)
		case tc.says == "":
			continue
		case err == nil || keys != nil:
			t.Errorf("%s: opened", tc.name)
			continue
		case tc.wantErr != nil && !errors.Is(err, tc.wantErr):
			t.Errorf("%s: %v, want %v", tc.name, err, tc.wantErr)
		case !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), path):
			t.Errorf("%s: %q names not both %q and the file", tc.name, err, tc.says)
		case errors.Is(tc.wantErr, keyfile.ErrNotSealed) && !strings.Contains(err.Error(), howTo):
			t.Errorf("%s: %q does not say how to do it right", tc.name, err)
		}
		if len(tc.content) > 0 && i > 1 && strings.Contains(err.Error(), strings.TrimSpace(string(tc.content))) {
			t.Errorf("%s: the error quotes the file", tc.name)
		}
	}
}

func TestAChangeLosesNothing(t *testing.T) {
	unlock := identity(t)
	path := create(t, unlock)
	before, err := os.ReadFile(path) //nolint:gosec // of this test
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string) {
		t.Helper()
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) { //nolint:gosec // likewise
			t.Errorf("%s changed the file (%v)", what, err)
		}
	}
	if _, err := keyfile.Create(path, unlock, day); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a file: %v, want fs.ErrExist", err)
	}
	same("Create over a file")
	if _, err := keyfile.AddKey(path, identity(t), day); err == nil {
		t.Error("AddKey with another identity succeeded")
	}
	same("AddKey with another identity")

	if err := os.WriteFile(path+".new", nil, 0o600); err != nil { // as an interrupted change leaves it
		t.Fatal(err)
	}
	if _, err := keyfile.AddKey(path, unlock, day); err == nil || !strings.Contains(err.Error(), path+".new") {
		t.Errorf("AddKey beside another change: %v, want an error that names %s.new", err, path)
	}
	same("AddKey beside another change")
	if err := os.Remove(path + ".new"); err != nil {
		t.Errorf("a refused change removed another's file: %v", err)
	}
	if _, err := keyfile.AddKey(filepath.Join(t.TempDir(), "absent"), unlock, day); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("AddKey to no file: %v, want fs.ErrNotExist", err)
	}
}

func TestUnlockRefusesAndNeverPrints(t *testing.T) {
	if _, err := keyfile.Passphrase("fifteen letters"); err == nil || strings.Contains(err.Error(), "fifteen") {
		t.Errorf("a short passphrase: %v", err)
	}
	one, err := keyfile.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	two, err := keyfile.GenerateIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"none": "", "nonsense": "AGE-SECRET-KEY-1QQQ", "two": one + two} {
		if _, err := keyfile.Identity(text); err == nil || strings.Contains(err.Error(), "QQQ") {
			t.Errorf("identity text with %s: %v", name, err)
		}
	}
	unlock := byPassphrase(t, passphrase)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, unlock); got != "[redacted]" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// BenchmarkOpen is what a start pays.
func BenchmarkOpen(b *testing.B) {
	for _, tc := range []struct {
		name   string
		unlock keyfile.Unlock
	}{{"passphrase", byPassphrase(b, passphrase)}, {"identity", identity(b)}} {
		b.Run(tc.name, func(b *testing.B) {
			path := create(b, tc.unlock)
			for b.Loop() {
				if _, err := keyfile.Open(path, tc.unlock); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

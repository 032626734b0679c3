package registry

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-auth/patchbay/internal/secret"
)

func TestVerifySecret(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	hash := func(text string, weak bool, expires time.Time) ClientSecret {
		t.Helper()
		s, err := hashSecret(secret.New(text), weak)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
		s.Expires = expires
		return s
	}
	old, next, gone := strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32)
	c := &Client{RequireSecret: true, Secrets: []ClientSecret{
		hash(old, false, now.Add(time.Second)), hash(next, false, time.Time{}), hash(gone, false, now),
		hash("chosen by a person", true, time.Time{}), hash("and expired", true, now),
	}}
	verify := func(c *Client, now time.Time, presented string) bool {
		weak := c.WeakSecrets(now)
		return c.VerifySecret(now, presented) || slices.ContainsFunc(weak, func(s ClientSecret) bool { return s.Holds(presented) })
	}
	for _, good := range []string{old, next, "chosen by a person"} {
		if !verify(c, now, good) {
			t.Fatalf("positive control: %q is refused", good)
		}
	}
	for _, bad := range []string{"", gone, "and expired", old[:31], old + "a", strings.ToUpper(old), strings.Repeat("x", maxSecret+1)} {
		if verify(c, now, bad) {
			t.Errorf("%.40q is accepted", bad)
		}
	}
	if verify(c, now.Add(time.Second), old) {
		t.Error("a secret is accepted at the moment it expires")
	}
	if c.VerifySecret(now, "chosen by a person") {
		t.Error("a weak secret is verified among the generated ones")
	}
	if verify(&Client{}, now, "") {
		t.Error("a client without secrets accepts the empty one")
	}
}

func TestSecretHashesAreChecked(t *testing.T) {
	good, err := hashSecret(secret.New("chosen by a person"), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := good.check(); err != nil {
		t.Fatalf("positive control: %v", err)
	}
	for name, bad := range map[string]ClientSecret{
		"none":       {},
		"both":       {SHA256: make([]byte, 32), Argon2id: good.Argon2id},
		"short":      {SHA256: make([]byte, 31)},
		"bcrypt":     {Argon2id: "$2a$04$abcdefghijklmnopqrstuv"},
		"argon2i":    {Argon2id: strings.Replace(good.Argon2id, "argon2id", "argon2i", 1)},
		"too costly": {Argon2id: strings.Replace(good.Argon2id, "m=19456", "m=4194304", 1)},
		"cut off":    {Argon2id: good.Argon2id[:20]},
	} {
		if err := bad.check(); err == nil {
			t.Errorf("%s is accepted", name)
		} else if strings.Contains(err.Error(), "$") {
			t.Errorf("%s: the error shows the hash: %v", name, err)
		}
	}
}

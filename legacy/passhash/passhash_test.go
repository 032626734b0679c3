package passhash_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy/passhash"
)

// newVerifier knows the templates of the table below.
func newVerifier(t testing.TB) *passhash.Verifier {
	t.Helper()
	v, err := passhash.New(passhash.Options{Templates: map[string]passhash.Template{
		"SHA1":       {Format: "sha1({SALT}{PASSWORD})", HashEncoding: passhash.Base64},
		"sha256":     {Format: "sha256({SALT}{PASSWORD})", HashEncoding: passhash.Base64},
		"membership": {Format: "sha1({SALT}{PASSWORD})", SaltEncoding: passhash.Base64, HashEncoding: passhash.Base64, PasswordCharset: passhash.UTF16LE},
		"vbulletin":  {Format: "md5(hex(md5({PASSWORD})){SALT})"},
		"peppered":   {Format: "sha256({PEPPER}{PASSWORD})", Pepper: secret.New("salt and ")},
		"colon":      {Format: `md5({SALT}":"{PASSWORD})`},
		"rails":      {Format: `sha1("--"{SALT}"--" {PASSWORD} "--")`},
		"spaced":     {Format: `md5({SALT}" "{PASSWORD})`},
		"hexsalt":    {Format: "sha1({SALT}{PASSWORD})", SaltEncoding: passhash.Hex},
		"rawhash":    {Format: "md5({PASSWORD})", HashEncoding: passhash.Raw},
		"thrice":     {Format: "sha1({PASSWORD})", Rounds: 3},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type vector struct {
	name, password string
	stored         passhash.Stored
}

func vectors() []vector {
	bare := func(name, password, hash string) vector {
		return vector{name, password, passhash.Stored{Hash: hash}}
	}
	return []vector{
		bare("bcrypt 2a", "test", "$2a$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6"),
		bare("bcrypt 2b", "password", "$2b$12$bIRGj4QPPoSUMWsJE.4Pk.T1qTpDWz7HhMnuiQhGzGinKPsx/HQdq"),
		bare("bcrypt 2y", "password", "$2y$12$hXUrnqdq1RIIYZ2HPytIIe5lXdIvbhqrTvdPsSF7o.jFh817Z6lwm"),
		bare("Spring bcrypt", "test", "{bcrypt}$2a$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6"),
		bare("WordPress 6.8", "admin", "$wp$2y$10$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES"),
		bare("argon2id", "password", "$argon2id$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdGlzaGFyZA$DYojYpnUWSMmTtrkVXyaNWVGxLmGe1n8VJBPDdFkbjU"),
		bare("argon2i", "password", "$argon2i$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdGlzaGFyZA$YMvo8AUoNtnKYGqeODruCjHdiEbl1pKL2MsYy9VgU/E"),
		bare("scrypt", "password", "$scrypt$ln=16,r=8,p=1$cmFuZG9tc2FsdGlzaGFyZA$Rh+NnJNo1I6nRwaNqbDm6kmADswD1+7FTKZ7Ln9D8nQ"),
		bare("scrypt with N for log2 N", "password", "$scrypt$ln=65536,r=8,p=1$cmFuZG9tc2FsdGlzaGFyZA$Rh+NnJNo1I6nRwaNqbDm6kmADswD1+7FTKZ7Ln9D8nQ"),
		bare("Spring scrypt", "password", "$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc="),
		bare("Spring pbkdf2", "password", "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc"),
		bare("Spring sha256", "password", "{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0"),
		bare("Spring SHA-1", "password", "{SHA-1}{6581QepZz2qd8jVrT2QYPVtK8DuM2n45dVslmc3UTWc=}4f31573948ddbfb8ac9dd80107dfad13fd8f2454"),
		bare("Spring MD5 without salt", "password", "{MD5}5f4dcc3b5aa765d61d8327deb882cf99"),
		bare("passlib pbkdf2", "password", "$pbkdf2-sha256$12$cmFuZG9tc2FsdGlzaGFyZA$OFvEcLOIPFd/oq8egf10i.qJLI7A8nDjPLnolCWarQY"),
		bare("Django", "lètmein", "pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0="),
		bare("ASP.NET Identity v2", "my password", "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=="),
		bare("ASP.NET Identity v3 SHA-256", "my password", "AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw=="),
		bare("ASP.NET Identity v3 SHA-512", "my password", "AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg/Q8A0WMKbtHQJQ2DHCdoEeeFBrgNlldq6vH4qX/CGqGQ=="),
		bare("SHA-crypt 256", "Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
		bare("SHA-crypt 512", "Hello world!", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"),
		bare("LDAP crypt", "Hello world!", "{CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
		bare("MD5-crypt", "password", "$1$kJ4QkJaQ$3EbD/pJddrq5HW3mpZ4KZ1"),
		bare("phpass", "test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
		bare("phpass of phpBB", "test1", "$H$9aaaaaSXBjgypwqm.JsMssPLiS8YQ00"),
		bare("Drupal 7", "password", "$S$ErandomsaOpYrAZqwxGynirQbWYCb3ejW4BwGH81LJcOzbzeVd02"),
		bare("SSHA", "test123", "{SSHA}JFZFs0oHzxbMwkSJmYVeI8MnTDy/276a"),
		bare("SSHA256", "test123", "{SSHA256}czO44OTV17PcF1cRxWrLZLy9xHd7CWyVYplr1rOhuMlx/7IK"),
		bare("SSHA512", "test123", "{SSHA512}xPUl/px+1cG55rUH4rzcwxdOIPSB2TingLpiJJumN2xyDWN4Ix1WQG3ihnvHaWUE8MYNkvMi5rf0C9NYixHsE6Yh59M="),
		bare("SMD5", "password", "{SMD5}OqsUXNHIhHbznxrqHoIM+ZT8DmE="),
		bare("LDAP SHA", "password", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="),
		bare("MySQL PASSWORD()", "password", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"),
		bare("MySQL OLD_PASSWORD()", "password", "5d2e19393cc5ef67"),
		bare("MD5", "password", "5f4dcc3b5aa765d61d8327deb882cf99"),
		bare("MD5 in capitals", "password", "5F4DCC3B5AA765D61D8327DEB882CF99"),
		{"SHA-1 template", "test", passhash.Stored{Hash: "2qU2SGWP8viTM1md3FiI3+rjWXQ=", Salt: "5opmkgz03r", Scheme: "sha1"}},
		{"SHA-256 template", "test", passhash.Stored{Hash: "0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY=", Salt: "5opmkgz03r", Scheme: "SHA256"}},
		{"ASP.NET Membership", "password", passhash.Stored{Hash: "AlZ9oOUVECqg/Kte3b1AThXJYJY=", Salt: "AAECAwQFBgcICQoLDA0ODw==", Scheme: "Membership"}},
		{"vBulletin", "password", passhash.Stored{Hash: "f24a0e9ce12069c72f77046ad708b655", Salt: "abc", Scheme: "vbulletin"}},
		// printf 'salt and pepper' | sha256sum
		{"pepper", "pepper", passhash.Stored{Hash: "3db6d6cf480fe43201c91d1711bb21a1ec4d08cfd50166fdeb5a9f505e28f45f", Scheme: "peppered"}},
		// printf 'abc:password' | md5sum, and so on
		{"text between", "password", passhash.Stored{Hash: "29d8239cc9f37fab2afff53b6bc752b7", Salt: "abc", Scheme: "colon"}},
		{"text around, as Rails had it", "password", passhash.Stored{Hash: "a66955908c42fb7923acfcb96a73c4b673aa8276", Salt: "abc", Scheme: "rails"}},
		{"a space as text", "password", passhash.Stored{Hash: "c8eb17dea35d42b48790da927ddbc9e6", Salt: "abc", Scheme: "spaced"}},
		{"salt in hex", "password", passhash.Stored{Hash: "403e4a4698de0d54c867b5cfaf4227eecb48d5da", Salt: "616263", Scheme: "hexsalt"}},
		{"digest as bytes", "password", passhash.Stored{Hash: "\x5f\x4d\xcc\x3b\x5a\xa7\x65\xd6\x1d\x83\x27\xde\xb8\x82\xcf\x99", Scheme: "rawhash"}},
		// python: sha1(sha1(sha1(b'x').digest()).digest())
		{"rounds", "x", passhash.Stored{Hash: "f46807a6749cd5eb31038505909914d4f9ccf9dc", Scheme: "thrice"}},
	}
}

func TestVectors(t *testing.T) {
	v := newVerifier(t)
	for _, tt := range vectors() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, err := v.Parse(tt.stored)
			if err != nil {
				t.Fatal(err)
			}
			if !h.Verify(tt.password) {
				t.Fatalf("%s refuses the password", h.Scheme)
			}
			for _, wrong := range []string{"", tt.password + "x", strings.Repeat("x", passhash.MaxPassword+1)} {
				if h.Verify(wrong) {
					t.Errorf("%s accepts %.20q", h.Scheme, wrong)
				}
			}
		})
	}
}

// TestBcryptComparesSeventyTwoBytes pins a decision: the systems that made these hashes accepted
// such passwords, so refusing them here would lock people out.
func TestBcryptComparesSeventyTwoBytes(t *testing.T) {
	v := newVerifier(t)
	h, err := v.Parse(passhash.Stored{Hash: "$2a$04$u4RB4Jf9SB3aagZ04LhR/OQ3dK9uN9tgX7Nta0hN3TJ5k7y8Fw2Ai"})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("0123456789", 8)
	for password, want := range map[string]bool{long[:72]: true, long: true, long[:71]: false} {
		if got := h.Verify(password); got != want {
			t.Errorf("%d bytes: %v, want %v", len(password), got, want)
		}
	}
}

func TestRefused(t *testing.T) {
	v := newVerifier(t)
	const control = "$2a$12$o6hx.Wog/wvFSkT/Bp/6DOxCtLRTDj7lm9on9suF/WaCGNVHbkfL6"
	if _, err := v.Parse(passhash.Stored{Hash: control}); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	const tail = "$cmFuZG9tc2FsdGlzaGFyZA$DYojYpnUWSMmTtrkVXyaNWVGxLmGe1n8VJBPDdFkbjU"
	for _, tt := range []struct {
		name   string
		stored passhash.Stored
		want   error
	}{
		{"empty", passhash.Stored{}, passhash.ErrUnknown},
		{"locked", passhash.Stored{Hash: "!locked"}, passhash.ErrUnknown},
		{"a password", passhash.Stored{Hash: "hunter2"}, passhash.ErrUnknown},
		{"trailing newline", passhash.Stored{Hash: control + "\n"}, passhash.ErrUnknown},
		{"truncated bcrypt", passhash.Stored{Hash: control[:59]}, passhash.ErrUnknown},
		{"bcrypt 2x, the broken variant", passhash.Stored{Hash: strings.Replace(control, "2a", "2x", 1)}, passhash.ErrUnknown},
		{"salt without a template", passhash.Stored{Hash: control, Salt: "abc"}, passhash.ErrUnknown},
		{"template and not its digest", passhash.Stored{Hash: "AAAA", Salt: "abc", Scheme: "SHA1"}, passhash.ErrUnknown},
		{"truncated Drupal 7", passhash.Stored{Hash: "$S$Erandomsa"}, passhash.ErrUnknown},
		{"truncated phpass", passhash.Stored{Hash: "$P$9IQRaTwmf"}, passhash.ErrUnknown},
		{"SHA-crypt without digest", passhash.Stored{Hash: "$6$saltstring$"}, passhash.ErrUnknown},
		{"SSHA without salt", passhash.Stored{Hash: "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="}, passhash.ErrUnknown},
		{"argon2id with a short digest", passhash.Stored{Hash: "$argon2id$v=19$m=4096,t=3,p=1$cmFuZG9tc2FsdA$AAAA"}, passhash.ErrUnknown},
		{"argon2id of no pass", passhash.Stored{Hash: "$argon2id$v=19$m=4096,t=0,p=1" + tail}, passhash.ErrUnknown},
		{"argon2id of no thread", passhash.Stored{Hash: "$argon2id$v=19$m=4096,t=3,p=0" + tail}, passhash.ErrUnknown},
		{"argon2d", passhash.Stored{Hash: "$argon2d$v=19$m=4096,t=3,p=1" + tail}, passhash.ErrUnknown},
		{"scrypt N is no power of two", passhash.Stored{Hash: "$scrypt$ln=65535,r=8,p=1" + tail}, passhash.ErrUnknown},
		{"ASP.NET v3 with a salt longer than the value", passhash.Stored{Hash: "AQAAAAEAACcQf////wABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw=="}, passhash.ErrUnknown},

		{"bcrypt cost", passhash.Stored{Hash: strings.Replace(control, "$12$", "$16$", 1)}, passhash.ErrTooCostly},
		{"WordPress cost", passhash.Stored{Hash: "$wp$2y$31$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES"}, passhash.ErrTooCostly},
		{"argon2 memory", passhash.Stored{Hash: "$argon2id$v=19$m=131073,t=1,p=1" + tail}, passhash.ErrTooCostly},
		{"argon2 time", passhash.Stored{Hash: "$argon2id$v=19$m=64,t=999999999,p=1" + tail}, passhash.ErrTooCostly},
		{"argon2 time and memory together", passhash.Stored{Hash: "$argon2id$v=19$m=131072,t=33,p=1" + tail}, passhash.ErrTooCostly},
		{"scrypt N", passhash.Stored{Hash: "$scrypt$ln=18,r=1,p=1" + tail}, passhash.ErrTooCostly},
		{"scrypt N, not as logarithm", passhash.Stored{Hash: "$scrypt$ln=262144,r=1,p=1" + tail}, passhash.ErrTooCostly},
		{"scrypt memory", passhash.Stored{Hash: "$scrypt$ln=17,r=9,p=1" + tail}, passhash.ErrTooCostly},
		{"scrypt parallelism", passhash.Stored{Hash: "$scrypt$ln=17,r=8,p=9999" + tail}, passhash.ErrTooCostly},
		{"PBKDF2 iterations", passhash.Stored{Hash: "pbkdf2_sha256$10000001$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0="}, passhash.ErrTooCostly},
		{"SHA-crypt rounds", passhash.Stored{Hash: "$5$rounds=999999999$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"}, passhash.ErrTooCostly},
		{"phpass rounds", passhash.Stored{Hash: "$P$zIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"}, passhash.ErrTooCostly},
		{"Drupal rounds", passhash.Stored{Hash: "$S$zrandomsaOpYrAZqwxGynirQbWYCb3ejW4BwGH81LJcOzbzeVd02"}, passhash.ErrTooCostly},

		{"plaintext by scheme", passhash.Stored{Hash: "hunter2", Scheme: "PLAINTEXT"}, passhash.ErrPlaintext},
		{"plaintext by Dovecot's label", passhash.Stored{Hash: "{PLAIN}hunter2"}, passhash.ErrPlaintext},
		{"plaintext by Spring's label", passhash.Stored{Hash: "{noop}hunter2"}, passhash.ErrPlaintext},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := v.Parse(tt.stored)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if len(tt.stored.Hash) > 6 && strings.Contains(err.Error(), tt.stored.Hash) {
				t.Errorf("the error spells the hash out: %v", err)
			}
		})
	}
}

func TestPlaintextNeedsTheFlagAndALabel(t *testing.T) {
	v, err := passhash.New(passhash.Options{AllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []passhash.Stored{{Hash: "hunter2", Scheme: "plaintext"}, {Hash: "{PLAIN}hunter2"}, {Hash: "{noop}hunter2"}} {
		h, err := v.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if !h.Verify("hunter2") || h.Verify("hunter") || h.Verify("Hunter2") {
			t.Errorf("scheme %q verifies wrongly", s.Scheme)
		}
	}
	if _, err := v.Parse(passhash.Stored{Hash: "!locked"}); !errors.Is(err, passhash.ErrUnknown) {
		t.Errorf("a value without label was taken for a password: %v", err)
	}
}

func TestTemplateFaultsAreAllNamed(t *testing.T) {
	for _, tt := range []struct {
		name     string
		template passhash.Template
		want     string
	}{
		{"empty", passhash.Template{}, "it is not one digest"},
		{"no digest outside", passhash.Template{Format: "hex(md5({PASSWORD}))"}, "it is not one digest"},
		{"two digests", passhash.Template{Format: "md5({PASSWORD})md5({SALT})"}, "it is not one digest"},
		{"no password", passhash.Template{Format: "md5({SALT})"}, "has no {PASSWORD}"},
		{"unknown function", passhash.Template{Format: "crc32({PASSWORD})"}, `"crc32" is not a variable or a function`},
		{"unknown variable", passhash.Template{Format: "md5({PASSWORD}{USER})"}, `"{USER})" is not a variable`},
		{"text without quotes", passhash.Template{Format: "md5({SALT}:{PASSWORD})"}, "or a text in double quotes"},
		{"quote left open", passhash.Template{Format: `md5({PASSWORD}":)`}, "a text in quotes is not closed"},
		{"variable in quotes", passhash.Template{Format: `md5({PASSWORD}"{SALT}")`}, "or has braces"},
		{"unclosed", passhash.Template{Format: "md5({PASSWORD}"}, "closing parenthesis is missing"},
		{"unopened", passhash.Template{Format: "md5({PASSWORD}))"}, "opening parenthesis is missing"},
		{"nested", passhash.Template{Format: strings.Repeat("md5(", 20) + "{PASSWORD}" + strings.Repeat(")", 20)}, "nested too deeply"},
		{"pepper unused", passhash.Template{Format: "md5({PASSWORD})", Pepper: secret.New("p")}, "pepper do not go together"},
		{"pepper missing", passhash.Template{Format: "md5({PEPPER}{PASSWORD})"}, "pepper do not go together"},
		{"encoding", passhash.Template{Format: "md5({PASSWORD})", SaltEncoding: "base32"}, `salt encoding "base32"`},
		{"charset", passhash.Template{Format: "md5({PASSWORD})", PasswordCharset: "latin1"}, `password charset "latin1"`},
		{"rounds", passhash.Template{Format: "md5({PASSWORD})", Rounds: 1e9}, "rounds 1000000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := passhash.New(passhash.Options{Templates: map[string]passhash.Template{
				"faulty": tt.template, "fine": {Format: "md5({PASSWORD})"},
			}})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `template "faulty"`) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestStoredPrintsRedacted(t *testing.T) {
	s := passhash.Stored{Hash: "hunter2", Salt: "hunter2", Scheme: "hunter2"}
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("row", "stored", s)
	for _, text := range []string{b.String(), fmt.Sprintf("%v %+v %#v %s", s, s, s, s)} {
		if !strings.Contains(text, secret.Redacted) || strings.Contains(text, "hunter2") {
			t.Errorf("printed %s", text)
		}
	}
}

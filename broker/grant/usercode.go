package grant

import (
	"crypto/rand"
	"strings"
)

// A UserCode is what a person copies from a device into a browser: eight of twenty consonants, about
// 34 bits. There are no vowels, so that no code spells a word, and no two letters that look alike
// (RFC 8628 §6.1). This is its canonical form, without the hyphen.
type UserCode string

const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// newUserCode draws a code. A byte that would make some letters likelier than others is drawn again.
func newUserCode() UserCode {
	var code [userCodeLength]byte
	for i := range code {
		code[i] = userCodeLetters[letter()]
	}
	return UserCode(code[:])
}

func letter() int {
	const fair = 256 - 256%len(userCodeLetters)
	for {
		var b [1]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
		if int(b[0]) < fair {
			return int(b[0]) % len(userCodeLetters)
		}
	}
}

// ParseUserCode reads a code as people type it: in any case, with any spaces, hyphens and dots. It
// returns false for what no device can have shown.
func ParseUserCode(typed string) (UserCode, bool) {
	if len(typed) > 64 {
		return "", false
	}
	code := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '.', '_', '\t', '\u00a0', '\u2010', '\u2011', '\u2013':
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	if len(code) != userCodeLength || strings.Trim(code, userCodeLetters) != "" {
		return "", false
	}
	return UserCode(code), true
}

// String returns the form that devices show and people type: BCDF-GHJK.
func (c UserCode) String() string {
	if len(c) != userCodeLength {
		return string(c)
	}
	return string(c[:userCodeLength/2]) + "-" + string(c[userCodeLength/2:])
}

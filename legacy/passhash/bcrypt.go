package passhash

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const maxBcryptCost = 15

// The broken variant 2x is not accepted; a, b and y are one algorithm.
var bcryptShape = regexp.MustCompile(`^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$`)

func parseBcrypt(stored string) (*Hash, error) {
	cost := bcryptShape.FindStringSubmatch(stored)
	if cost == nil {
		return nil, nil
	}
	n, err := strconv.ParseInt(cost[1], 10, 64)
	if err != nil {
		return nil, err
	}
	if err := atMost("bcrypt", "cost", n, maxBcryptCost); err != nil {
		return nil, err
	}
	return &Hash{Scheme: "bcrypt", matches: func(password string) bool {
		return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil
	}}, nil
}

// parseWordPress reads the hashes of WordPress 6.8: bcrypt of base64(HMAC-SHA384), so that
// passwords are not cut at 72 bytes.
func parseWordPress(stored string) (*Hash, error) {
	inner, ours := strings.CutPrefix(stored, "$wp$2y$")
	if !ours {
		return nil, nil
	}
	h, err := parseBcrypt("$2y$" + inner)
	if h == nil || err != nil {
		return nil, err
	}
	return &Hash{Scheme: "wordpress", matches: func(password string) bool {
		mac := hmac.New(sha512.New384, []byte("wp-sha384"))
		mac.Write([]byte(strings.Trim(password, " \t\n\r\x00\v"))) // WordPress trims, as PHP's trim does
		return h.matches(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}}, nil
}

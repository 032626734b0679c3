package throttle

import (
	"crypto/sha256"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// An Account is what is guessed at: a login of a tenant, whether there is such a user or not.
type Account [16]byte

// AccountOf names a login. Spellings that differ in case, width, composition or space around them are
// one account: that is coarser than any directory compares, so that no spelling gets a second
// allowance. People whose logins differ by no more than that share theirs.
func AccountOf(tenant, login string) Account {
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(login)))
	sum := sha256.Sum256([]byte(tenant + "\x00" + strings.TrimSpace(folded)))
	return Account(sum[:16])
}

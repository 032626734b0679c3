package federation

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// protocolClaims are about the token or the login, not the person. Only the ID token sets them,
// and their names admit no other spelling: a lenient decoder takes "SUB" for "sub".
var protocolClaims = []string{
	"iss", "sub", "aud", "azp", "exp", "nbf", "iat", "jti", "nonce", "at_hash", "c_hash",
	"auth_time", "acr", "amr", "sid", "events",
}

// maxSubject is the longest sub that OpenID Connect Core 1.0 §2 allows, in bytes.
const maxSubject = 255

// maxAge is how old an ID token may be that a client presents: providers give some of them many hours.
const maxAge = 24 * time.Hour

// An expectation is what an ID token must say, as it is spelled and typed, whatever the library made of
// it.
type expectation struct {
	issuer, clientID string
	memo             memo
	now              time.Time
	skew             time.Duration
}

// check judges the claims of a token that answers one login.
func (e expectation) check(claims object) error {
	return checkAll(claims, checkSpelling, e.checkParties, checkSubject, checkEvents, e.checkNonce, e.checkTimes, e.checkStart, e.checkAuthTime)
}

// checkPresented judges the claims of a token that answers no login of ours: nobody here knows its nonce.
func (e expectation) checkPresented(claims object) error {
	return checkAll(claims, checkSpelling, e.checkParties, checkSubject, checkEvents, e.checkTimes, e.checkAge, e.checkAuthTime)
}

func checkAll(claims object, checks ...func(object) error) error {
	for _, check := range checks {
		if err := check(claims); err != nil {
			return err
		}
	}
	return nil
}

func checkSpelling(claims object) error {
	for name := range claims {
		for _, registered := range protocolClaims {
			if name != registered && strings.EqualFold(name, registered) {
				return fmt.Errorf("claim %q is a misspelt %q", name, registered)
			}
		}
	}
	return nil
}

func (e expectation) checkParties(claims object) error {
	if iss := claims.text("iss"); iss != e.issuer {
		return fmt.Errorf("iss %q is not %q", iss, e.issuer)
	}
	aud, ok := claims.texts("aud")
	if !ok || !slices.Contains(aud, e.clientID) {
		return fmt.Errorf("aud %v does not contain %q", claims["aud"], e.clientID)
	}
	azp, present := claims["azp"]
	if present && azp != e.clientID {
		return fmt.Errorf("azp %v is not %q", azp, e.clientID)
	}
	if len(aud) > 1 && !present {
		return fmt.Errorf("aud %q has several values and azp is missing", aud)
	}
	return nil
}

func checkSubject(claims object) error {
	sub := claims.text("sub")
	if sub == "" || len(sub) > maxSubject {
		return fmt.Errorf("sub has %d bytes, not 1 to %d", len(sub), maxSubject)
	}
	for i := range len(sub) {
		if sub[i] < ' ' || sub[i] > '~' {
			return fmt.Errorf("sub %q is not printable ASCII", sub)
		}
	}
	return nil
}

// checkEvents refuses logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4).
func checkEvents(claims object) error {
	if _, present := claims["events"]; present {
		return errors.New("events has no place in an ID token")
	}
	return nil
}

func (e expectation) checkNonce(claims object) error {
	if claims.text("nonce") != e.memo.Nonce {
		return errors.New("nonce is not this login's")
	}
	return nil
}

func (e expectation) checkTimes(claims object) error {
	exp, err := claims.date("exp")
	if err != nil {
		return err
	}
	if !e.now.Before(exp.Add(e.skew)) {
		return fmt.Errorf("exp %s has passed", exp.UTC().Format(time.RFC3339))
	}
	iat, err := claims.date("iat")
	if err != nil {
		return err
	}
	if iat.After(e.now.Add(e.skew)) {
		return fmt.Errorf("iat %s is in the future", iat.UTC().Format(time.RFC3339))
	}
	if _, present := claims["nbf"]; !present {
		return nil
	}
	nbf, err := claims.date("nbf")
	if err != nil {
		return err
	}
	if nbf.After(e.now.Add(e.skew)) {
		return fmt.Errorf("nbf %s is in the future", nbf.UTC().Format(time.RFC3339))
	}
	return nil
}

// checkStart refuses a token that is older than the login: an honest one cannot be.
func (e expectation) checkStart(claims object) error {
	iat, err := claims.date("iat")
	if err == nil && iat.Before(time.Unix(e.memo.Started, 0).Add(-e.skew)) {
		return fmt.Errorf("iat %s is before the login began", iat.UTC().Format(time.RFC3339))
	}
	return err
}

func (e expectation) checkAge(claims object) error {
	iat, err := claims.date("iat")
	if err == nil && iat.Before(e.now.Add(-maxAge-e.skew)) {
		return fmt.Errorf("iat %s is more than %s ago", iat.UTC().Format(time.RFC3339), maxAge)
	}
	return err
}

// checkAuthTime holds the IdP to the max_age it was given. The age is that at the time of the
// request: what a person spends on consent pages afterwards is not the authentication's age. An IdP that
// says when the person logged in is held to prompt=login, too; without max_age it need not say
// (OpenID Connect Core §2).
func (e expectation) checkAuthTime(claims object) error {
	if _, present := claims["auth_time"]; !present && e.memo.MaxAge == anyAge {
		return nil
	}
	at, err := claims.date("auth_time")
	if err != nil {
		return err
	}
	if at.After(e.now.Add(e.skew)) {
		return fmt.Errorf("auth_time %s is in the future", at.UTC().Format(time.RFC3339))
	}
	started := time.Unix(e.memo.Started, 0).Add(-e.skew)
	if e.memo.Fresh && at.Before(started) {
		return fmt.Errorf("auth_time %s is before the login that was asked for with prompt=login", at.UTC().Format(time.RFC3339))
	}
	if e.memo.MaxAge == anyAge {
		return nil
	}
	oldest := started.Add(-time.Duration(e.memo.MaxAge) * time.Second)
	if at.Before(oldest) {
		return fmt.Errorf("auth_time %s is older than the max_age of %d s allows", at.UTC().Format(time.RFC3339), e.memo.MaxAge)
	}
	return nil
}

// date returns a NumericDate (RFC 7519 §2), which must be there.
func (o object) date(name string) (time.Time, error) {
	v, present := o[name]
	if !present {
		return time.Time{}, fmt.Errorf("%s is missing", name)
	}
	number, ok := v.(json.Number)
	if !ok {
		return time.Time{}, fmt.Errorf("%s %v is not a number", name, v)
	}
	seconds, err := number.Float64()
	if err != nil || seconds <= 0 || seconds > 1<<40 {
		return time.Time{}, fmt.Errorf("%s %s is not a date", name, number)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}

package registry

import (
	"errors"
	"slices"
	"time"
)

// A Policy is what a connection demands of a login, whatever its protocol, and how far it is believed.
type Policy struct {
	// MaxAge is the oldest acceptable authentication at the identity provider, at the time of the login.
	// Zero means any; a client may ask for less.
	MaxAge time.Duration `json:"max_age,omitempty"`
	// ACRValues are the authentication contexts that are asked for, the best first, and of which one must
	// come back. None means any.
	ACRValues []string `json:"acr_values,omitempty"`
	// ClockSkew is how far the identity provider's clock may be from ours. Zero means one minute.
	ClockSkew time.Duration `json:"clock_skew,omitempty"`
	// SessionLifetime ends a session from here. Zero means that of the installation, which it cannot exceed.
	SessionLifetime time.Duration `json:"session_lifetime,omitempty"`
	// DistrustAMR leaves out of our tokens what the identity provider says about how people logged in.
	DistrustAMR bool `json:"distrust_amr,omitempty"`
	// Logout says where logging out leads: LogoutLocal (also if empty) or LogoutUpstream.
	Logout string `json:"logout,omitempty"`
}

// What logging out of patchbay does about the session at the identity provider.
const (
	LogoutLocal    = "local"    // nothing
	LogoutUpstream = "upstream" // the browser is sent there, to end that one too
)

// The bounds of a policy's times.
const (
	maxPolicyAge       = 30 * 24 * time.Hour
	minClockSkew       = time.Second
	maxClockSkew       = 5 * time.Minute
	minSessionLifetime = 5 * time.Minute
	maxSessionLifetime = 30 * 24 * time.Hour
)

func checkPolicy(p Policy, report report) {
	if p.MaxAge < 0 || p.MaxAge > maxPolicyAge || p.MaxAge%time.Second != 0 {
		report("max_age", "%s is not between 0s and %s in whole seconds", short(p.MaxAge), short(maxPolicyAge))
	}
	if p.ClockSkew != 0 && (p.ClockSkew < minClockSkew || p.ClockSkew > maxClockSkew || p.ClockSkew%time.Second != 0) {
		report("clock_skew", "%s is not between %s and %s in whole seconds", short(p.ClockSkew), short(minClockSkew), short(maxClockSkew))
	}
	if p.SessionLifetime != 0 && (p.SessionLifetime < minSessionLifetime || p.SessionLifetime > maxSessionLifetime) {
		report("session_lifetime", "%s is not between %s and %s", short(p.SessionLifetime), short(minSessionLifetime), short(maxSessionLifetime))
	}
	checkList(report, "acr_values", p.ACRValues, func(value string) error {
		if value == "" || slices.ContainsFunc([]byte(value), func(c byte) bool { return c <= ' ' || c > '~' }) {
			return errors.New("want printable ASCII without spaces (OpenID Connect Core §3.1.2.1)")
		}
		return nil
	})
	if len(p.ACRValues) > 0 && p.DistrustAMR {
		report("trust_amr", "must be true: acr_values are judged by what the identity provider says")
	}
	if err := oneOf(LogoutLocal, LogoutUpstream)(first(p.Logout, LogoutLocal)); err != nil {
		report("logout", "%w", err)
	}
}

func (y connectionYAML) policy() Policy {
	p := Policy{
		MaxAge: y.MaxAge, ACRValues: y.ACRValues, ClockSkew: y.ClockSkew, SessionLifetime: y.SessionLifetime,
		DistrustAMR: !or(y.TrustAMR, true),
	}
	if y.Logout != LogoutLocal { // the default is not written, so that a file may name it or not
		p.Logout = y.Logout
	}
	return p
}

func outlinePolicy(o *outline, p Policy) {
	if p.MaxAge != 0 {
		o.add("max_age", short(p.MaxAge))
	}
	o.list("acr_values", p.ACRValues)
	if p.ClockSkew != 0 {
		o.add("clock_skew", short(p.ClockSkew))
	}
	if p.SessionLifetime != 0 {
		o.add("session_lifetime", short(p.SessionLifetime))
	}
	if p.DistrustAMR {
		o.add("trust_amr", false)
	}
	o.text("logout", p.Logout)
}

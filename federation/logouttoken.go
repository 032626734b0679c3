package federation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// logoutEvent is the member of events that makes a JWT a logout token (OpenID Connect Back-Channel
	// Logout 1.0 §2.4).
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	// maxNoticeAge is how old a logout token may be, for providers that deliver from a queue. Its jti is
	// remembered no longer than that.
	maxNoticeAge = time.Hour
	// maxNoticeID bounds jti and sid, in bytes.
	maxNoticeID = 255
)

// VerifyLogout returns what a logout token of this IdP says (OpenID Connect Back-Channel Logout 1.0 §2.6).
// That its ID was not there before is the caller's to verify. Its errors are Finish's.
func (o *OIDC) VerifyLogout(ctx context.Context, raw string) (LogoutNotice, error) {
	notice, err := o.verifyLogout(ctx, raw)
	if err != nil {
		return LogoutNotice{}, fmt.Errorf("connection %q: logout token: %w", o.cfg.Connection, err)
	}
	return notice, nil
}

func (o *OIDC) verifyLogout(ctx context.Context, raw string) (LogoutNotice, error) {
	md, err := o.metadata.get(ctx)
	if err != nil {
		return LogoutNotice{}, err
	}
	now := o.cfg.Now()
	_, claims, err := o.open(ctx, md.value, raw, now, typeLogout)
	if err != nil {
		return LogoutNotice{}, err
	}
	e := o.expectation(memo{MaxAge: anyAge}, now, claims)
	if err := checkAll(claims, checkSpelling, e.checkParties, checkLogout, e.checkTimes, e.checkNoticeAge); err != nil {
		return LogoutNotice{}, err
	}
	iat, err := claims.date("iat")
	if err != nil {
		return LogoutNotice{}, err
	}
	notice := LogoutNotice{
		Subject: claims.text("sub"), ID: claims.text("jti"),
		Expires: iat.Add(maxNoticeAge + 2*o.cfg.ClockSkew),
	}
	if sid := claims.text("sid"); sid != "" {
		notice.Sessions = []string{sid}
	}
	return notice, nil
}

// checkLogout tells a logout token from every other kind, and finds out what it is about.
func checkLogout(claims object) error {
	events, _ := claims["events"].(map[string]any)
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return fmt.Errorf("events: has no object %s", logoutEvent)
	}
	// §2.4: what has a nonce may be an ID token.
	if _, present := claims["nonce"]; present {
		return errors.New("nonce has no place in a logout token")
	}
	for _, name := range []string{"jti", "sid"} {
		value, present := claims[name]
		text, isText := value.(string)
		if present && (!isText || text == "" || len(text) > maxNoticeID) {
			return fmt.Errorf("%s: want a string of 1 to %d bytes", name, maxNoticeID)
		}
	}
	if claims.text("jti") == "" {
		return errors.New("jti is missing")
	}
	if _, present := claims["sub"]; present {
		return checkSubject(claims)
	}
	if claims.text("sid") == "" {
		return errors.New("neither sub nor sid says who has logged out")
	}
	return nil
}

func (e expectation) checkNoticeAge(claims object) error {
	iat, err := claims.date("iat")
	if err == nil && iat.Before(e.now.Add(-maxNoticeAge-e.skew)) {
		return fmt.Errorf("iat %s is more than %s ago", iat.UTC().Format(time.RFC3339), maxNoticeAge)
	}
	return err
}

// FrontLogout returns what a request says that the IdP has made a browser send (OpenID Connect
// Front-Channel Logout 1.0 §2). Nothing proves that it was the IdP; but who knows a session id has seen
// an ID token of that session, and all it does is end it.
func (o *OIDC) FrontLogout(issuer, session string) (LogoutNotice, error) {
	switch {
	case !slices.Contains(o.cfg.issuers(), issuer):
		return LogoutNotice{}, fmt.Errorf("connection %q: iss %q is not %q", o.cfg.Connection, cut(issuer), o.cfg.issuers())
	case session == "" || len(session) > maxNoticeID:
		return LogoutNotice{}, fmt.Errorf("connection %q: sid has %d bytes, not 1 to %d", o.cfg.Connection, len(session), maxNoticeID)
	}
	return LogoutNotice{Sessions: []string{session}}, nil
}

// A tokenType judges the typ of a token's header (RFC 8725 §3.11); present says whether there is one.
type tokenType func(typ string, present bool) bool

// typeID refuses whatever says that it is another kind: an access token (at+jwt), a logout token.
func typeID(typ string, present bool) bool { return !present || strings.EqualFold(typ, "JWT") }

// typeLogout also takes JWT and nothing, as providers send it that are older than the final
// specification: its events tell a logout token too.
func typeLogout(typ string, present bool) bool {
	return typeID(typ, present) || strings.EqualFold(strings.TrimPrefix(strings.ToLower(typ), "application/"), "logout+jwt")
}

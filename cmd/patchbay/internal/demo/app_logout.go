package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// logoutEvent is the member of events that makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// A logoutToken is what patchbay tells an application about a session that has ended (OpenID Connect
// Back-Channel Logout 1.0 §2.4).
type logoutToken struct {
	Issuer   string                     `json:"iss"`
	Audience string                     `json:"aud"`
	Expires  int64                      `json:"exp"`
	SID      string                     `json:"sid"`
	Events   map[string]json.RawMessage `json:"events"`
	Nonce    *string                    `json:"nonce"`
}

// backchannelLogout forgets the tokens of every visitor of a session that has ended.
func (a *agentApp) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 32<<10)
	said, err := a.readLogout(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	if len(a.heard) > 1000 {
		clear(a.heard)
	}
	a.heard[said.SID] = true
	var visitors []*visitor
	for _, v := range a.visitors {
		visitors = append(visitors, v)
	}
	a.mu.Unlock()
	for _, v := range visitors {
		v.end(said.SID)
	}
	w.WriteHeader(http.StatusOK)
}

// end forgets the visitor's tokens if they are of that session.
func (v *visitor) end(sid string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens != nil && v.tokens.claims["sid"] == sid {
		v.tokens, v.fault = nil, ""
		v.asked, v.answer = "patchbay told this application that the session has ended", map[string]string{"sid": sid}
	}
}

// hasHeard answers 204 when the application was told that a session has ended.
func (a *agentApp) hasHeard(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	heard := a.heard[r.PathValue("sid")]
	a.mu.Unlock()
	if !heard {
		http.NotFound(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// readLogout verifies a logout token as its §2.6 says.
func (a *agentApp) readLogout(ctx context.Context, raw string) (logoutToken, error) {
	var said logoutToken
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(signed.Signatures) != 1 {
		return said, errors.New("logout_token is not a signed token")
	}
	if typ := signed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]; typ != "logout+jwt" {
		return said, fmt.Errorf("logout_token is of type %v", typ)
	}
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &said); err != nil {
		return said, errors.New("logout_token has no claims")
	}
	facts := a.facts()
	if !slices.Contains([]string{facts.Issuer, facts.RealmIssuer}, said.Issuer) { // before it is asked for its keys
		return said, errors.New("logout_token is another issuer's")
	}
	rp, err := a.rp(ctx, "agent-app", said.Issuer)
	if err != nil {
		return said, err
	}
	var keys jose.JSONWebKeySet
	if err := getJSON(ctx, rp.metadata.JWKSURI, "", &keys); err != nil {
		return said, err
	}
	if _, err := signed.Verify(keys); err != nil {
		return said, errors.New("logout_token's signature is wrong")
	}
	_, event := said.Events[logoutEvent]
	switch {
	case said.Audience != "agent-app":
		return said, errors.New("logout_token is for another application")
	case time.Now().Unix() >= said.Expires:
		return said, errors.New("logout_token has expired")
	case !event || said.Nonce != nil || said.SID == "":
		return said, errors.New("logout_token ends no session")
	}
	return said, nil
}

package federation

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// anyAge is a memo's MaxAge when the authentication may be of any age.
const anyAge = -1

// A memo is what Finish must know about Start. It is secret.
type memo struct {
	// Issuer and ClientID say who was asked: a connection may be reconfigured between the calls.
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// MaxAge is in seconds, or anyAge.
	MaxAge int64 `json:"max_age"`
	// Fresh holds when a new login was asked for (prompt=login).
	Fresh bool `json:"fresh,omitempty"`
	// Started is in seconds since 1970.
	Started int64 `json:"started"`
}

// Start returns the IdP's authorization address for one login, with a fresh nonce and PKCE
// challenge. Its error wraps ErrUnreachable.
func (o *OIDC) Start(ctx context.Context, r StartRequest) (Started, error) {
	md, err := o.metadata.get(ctx)
	if err != nil {
		return Started{}, fmt.Errorf("connection %q: %w", o.cfg.Connection, err)
	}
	m := memo{
		Issuer:   o.cfg.Issuer,
		ClientID: o.cfg.ClientID,
		Nonce:    rand.Text(),
		Verifier: oauth2.GenerateVerifier(),
		MaxAge:   anyAge,
		Fresh:    r.Prompt == "login",
		Started:  o.cfg.Now().Unix(),
	}
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(m.Verifier),
		oauth2.SetAuthURLParam("nonce", m.Nonce),
	}
	if r.MaxAge >= 0 {
		m.MaxAge = int64(r.MaxAge / time.Second)
		options = append(options, oauth2.SetAuthURLParam("max_age", strconv.FormatInt(m.MaxAge, 10)))
	}
	for name, value := range map[string]string{
		"login_hint": r.LoginHint, "prompt": r.Prompt, "ui_locales": strings.Join(r.UILocales, " "),
		"acr_values": strings.Join(r.ACRValues, " "),
	} {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	for name, value := range o.cfg.Preset.parameters() {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return Started{}, fmt.Errorf("connection %q: memo: %w", o.cfg.Connection, err)
	}
	return Started{URL: o.oauth(md.value, r.RedirectURI).AuthCodeURL(r.State, options...), Memo: text}, nil
}

// readMemo returns the memo of a login that was started at this very IdP.
func (o *OIDC) readMemo(text []byte) (memo, error) {
	var m memo
	switch err := json.Unmarshal(text, &m); {
	case err != nil:
		return memo{}, errors.New("memo: not one of ours") // the decoder's error may quote it
	case m.Nonce == "" || m.Verifier == "" || m.MaxAge < anyAge || m.Started <= 0:
		return memo{}, errors.New("memo: incomplete")
	case m.Issuer != o.cfg.Issuer || m.ClientID != o.cfg.ClientID:
		return memo{}, fmt.Errorf("memo: login was started at issuer %q as client %q, not here", m.Issuer, m.ClientID)
	}
	return m, nil
}

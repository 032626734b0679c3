package broker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/federation"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// A LogoutAnswerer is an Upstream whose IdP has the browser bring a signed answer back from Logout.
type LogoutAnswerer interface {
	// LogoutAnswer verifies an answer. The errors are those of Upstream.Finish.
	LogoutAnswer(context.Context, federation.LogoutMessage) (federation.LogoutAnswer, error)
	// AnswersLogout reports whether the answer is to the very Logout whose memo that is, and a success.
	AnswersLogout(memo []byte, a federation.LogoutAnswer) error
}

// A Homecoming is a browser that comes back from logging out at an IdP.
type Homecoming struct {
	Account    registry.Account
	Connection string
	// State is that of the departure.
	State string
	// Query is as it came, byte by byte: the IdP's answer may be in it. Answer is what SealAnswer made of one
	// that was posted, or empty.
	Query, Answer string
	Browser       Browser
}

// Return takes the departure of a browser that comes back from logging out at an IdP, once. An unknown,
// foreign or expired departure is ErrNotFound: nothing is known then of anybody's having logged out. The
// session here has ended whatever the IdP says about its own; ended tells whether it has said believably that
// this one has ended, too, or has a protocol without words for that. If not, log and audit log know why.
func (e *Engine) Return(ctx context.Context, h Homecoming) (d Departure, ended bool, err error) {
	d, err = e.Origins.TakeDeparture(ctx, grant.HashOf(h.State), id.New())
	b := h.Browser
	switch {
	case err != nil:
		return Departure{}, false, err
	case d.Account != h.Account, d.Connection != h.Connection, b.Binding == "" || d.Browser != b.hash(), !e.Now().Before(d.ExpiresAt):
		return Departure{}, false, ErrNotFound
	}
	if err := e.answered(ctx, d, h); err != nil {
		e.Logger.WarnContext(ctx, "the identity provider has not said that it has ended its session",
			"account", d.Account, "connection", d.Connection, "error", err)
		e.Events.Append(Event{
			Kind: LogoutUnconfirmed, Account: d.Account, Reason: string(upstreamReason(err)), Address: b.Address,
			Detail: map[string]string{"connection": d.Connection, "detail": truncate(err.Error(), maxDetail)},
		})
		return d, false, nil
	}
	return d, true, nil
}

// answered returns why an IdP cannot be believed to have ended its session.
func (e *Engine) answered(ctx context.Context, d Departure, h Homecoming) error {
	r, err := e.Upstreams.route(d.Account, d.Connection)
	if err != nil {
		return err
	}
	answerer, ok := r.upstream.(LogoutAnswerer)
	if !ok {
		return nil
	}
	var answer federation.LogoutAnswer
	if h.Answer != "" {
		answer, err = e.openAnswer(h)
	} else {
		asking, cancel := context.WithTimeout(ctx, departurePatience)
		defer cancel()
		answer, err = answerer.LogoutAnswer(asking, federation.LogoutMessage{Query: h.Query})
	}
	if err != nil {
		return err
	}
	var memo []byte
	if len(d.SealedMemo) > 0 {
		if memo, err = e.Sealer.Open(d.SealedMemo, d.State[:]); err != nil {
			return err
		}
	}
	return answerer.AnswersLogout(memo, answer)
}

// A sealedAnswer is what became of a posted answer: Fault is why it is not believed.
type sealedAnswer struct {
	Answer federation.LogoutAnswer `json:"answer"`
	Fault  string                  `json:"fault,omitempty"`
}

// SealAnswer verifies an answer that a browser has posted from another site, without the cookies that would
// show whose it is, and returns what Return is to be told of it, in characters that a query may hold. Nothing is
// stored: anybody can post.
func (e *Engine) SealAnswer(ctx context.Context, account registry.Account, connection, state string, form url.Values) (string, error) {
	var kept sealedAnswer
	r, err := e.Upstreams.route(account, connection)
	if err == nil {
		if answerer, ok := r.upstream.(LogoutAnswerer); ok {
			asking, cancel := context.WithTimeout(ctx, departurePatience)
			defer cancel()
			kept.Answer, err = answerer.LogoutAnswer(asking, federation.LogoutMessage{Form: form})
		} else {
			err = errors.New("the connection is not one of SAML")
		}
	}
	if err != nil {
		kept.Fault = truncate(err.Error(), maxDetail)
	}
	plain, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("answer to a logout: %w", err)
	}
	sealed, err := e.Sealer.Seal(plain, answerContext(account, connection, state))
	if err != nil {
		return "", fmt.Errorf("sealing the answer to a logout: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (e *Engine) openAnswer(h Homecoming) (federation.LogoutAnswer, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(h.Answer)
	if err != nil {
		return federation.LogoutAnswer{}, errors.New("the answer is not one that was posted here")
	}
	plain, err := e.Sealer.Open(sealed, answerContext(h.Account, h.Connection, h.State))
	if err != nil {
		return federation.LogoutAnswer{}, fmt.Errorf("the answer is not one that was posted here: %w", err)
	}
	var kept sealedAnswer
	if err := json.Unmarshal(plain, &kept); err != nil {
		return federation.LogoutAnswer{}, fmt.Errorf("answer to a logout: %w", err)
	}
	if kept.Fault != "" {
		return federation.LogoutAnswer{}, errors.New(kept.Fault)
	}
	return kept.Answer, nil
}

// answerContext ties a sealed answer to the logout that it came for.
func answerContext(account registry.Account, connection, state string) []byte {
	return []byte("logout answer\x00" + string(account) + "\x00" + connection + "\x00" + state)
}

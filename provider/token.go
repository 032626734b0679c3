package provider

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/mapping"
)

// tokenAnswer is a successful answer of the token endpoint (RFC 6749 §5.1).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
	// IssuedTokenType is for a token exchange alone (RFC 8693 §2.2.1).
	IssuedTokenType string `json:"issued_token_type,omitempty"`
	*realmAnswer
}

// realmAnswer is what clients of the realm layout get beside it.
type realmAnswer struct {
	RefreshExpiresIn int64  `json:"refresh_expires_in"`
	NotBeforePolicy  int64  `json:"not-before-policy"`
	SessionState     string `json:"session_state"`
}

// exchangeCode redeems an authorization code (RFC 6749 §4.1.3). The tokens are minted before the code
// is claimed, so that after the claim nothing of ours is left to fail.
func (p *provider) exchangeCode(ctx context.Context, x *exchange, said *oidc.AccessTokenRequest) (any, error) {
	var minted issued
	redeemed, err := p.grants.Redeem(ctx, grant.Redemption{
		Code: said.Code, Issuer: x.issuer.url, ClientID: x.client.ID,
		RedirectURI: said.RedirectURI, Verifier: said.CodeVerifier,
		Refresh: func(g grant.Grant) *registry.Refresh { return refreshPolicy(x, g) },
	}, func(ctx context.Context, g grant.Grant) (err error) {
		minted, err = p.issue(ctx, x, g, g.Scope, g.Nonce)
		return err
	})
	if err != nil {
		p.recordRefusal(x, registry.GrantAuthorizationCode, broker.CodeReplayed, err)
		return nil, err
	}
	p.recordIssue(x, registry.GrantAuthorizationCode, redeemed)
	return p.tokenAnswer(x, redeemed, minted), nil
}

// refresh exchanges a refresh token for the next one (RFC 6749 §6).
func (p *provider) refresh(ctx context.Context, x *exchange, said *oidc.RefreshTokenRequest) (any, error) {
	var minted issued
	rotated, err := p.grants.Rotate(ctx, grant.Presented{
		Token: said.RefreshToken, Issuer: x.issuer.url, ClientID: x.client.ID, Policy: x.client.Refresh,
	}, func(ctx context.Context, g grant.Grant) error {
		scope, err := narrowed(g.Scope, said.Scopes)
		if err != nil {
			return err
		}
		if g.IDP != "" && !p.engine.Admits(g.Account, g.IDP) {
			return invalidGrant("The identity provider of the login is disabled")
		}
		minted, err = p.issue(ctx, x, g, scope, "") // OpenID Connect Core §12.2: no nonce
		return err
	})
	if err != nil {
		p.recordRefusal(x, registry.GrantRefreshToken, broker.RefreshReused, err)
		return nil, err
	}
	p.recordIssue(x, registry.GrantRefreshToken, rotated)
	return p.tokenAnswer(x, rotated, minted), nil
}

// narrowed returns the scope of one refresh: what the request asks for, or all that was granted.
func narrowed(granted, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return granted, nil
	}
	for _, s := range asked {
		if !slices.Contains(granted, s) {
			return nil, invalidScope("The scope exceeds what was granted")
		}
	}
	return asked, nil
}

// refreshPolicy says whether a refresh token is due. Clients of the realm layout expect one whenever
// they may use it; elsewhere the person must have granted offline_access (OpenID Connect Core §11).
func refreshPolicy(x *exchange, g grant.Grant) *registry.Refresh {
	if !x.client.MayUse(registry.GrantRefreshToken) {
		return nil
	}
	if !x.issuer.layout.realm && !slices.Contains(g.Scope, mapping.ScopeOfflineAccess) {
		return nil
	}
	return &x.client.Refresh
}

func (p *provider) tokenAnswer(x *exchange, r grant.Redeemed, minted issued) tokenAnswer {
	answer := tokenAnswer{
		AccessToken: minted.access, TokenType: x.issuer.layout.tokenType(), ExpiresIn: p.secondsUntil(minted.expires),
		RefreshToken: r.RefreshToken, IDToken: minted.idToken, Scope: strings.Join(minted.scope, " "),
	}
	if !x.issuer.layout.realm {
		return answer
	}
	answer.realmAnswer = &realmAnswer{SessionState: sessionState(r)}
	if r.RefreshToken != "" {
		answer.RefreshExpiresIn = p.secondsUntil(r.RefreshExpiresAt)
	}
	return answer
}

// sessionState names what the clients of a realm take for a session: the session, or what stands for it
// where there is none.
func sessionState(r grant.Redeemed) string {
	switch {
	case !r.Grant.SessionID.IsZero():
		return r.Grant.SessionID.UUID()
	case !r.Family.IsZero():
		return r.Family.UUID()
	}
	return r.Grant.ID.UUID()
}

func (p *provider) secondsUntil(t time.Time) int64 {
	return int64(math.Ceil(t.Sub(p.now()).Seconds()))
}

func (p *provider) recordIssue(x *exchange, grantType string, r grant.Redeemed) {
	p.events.Append(issueEvent(x, grantType, r))
}

func issueEvent(x *exchange, grantType string, r grant.Redeemed) broker.Event {
	kind := broker.TokenIssued
	if r.Replayed {
		kind = broker.RefreshReplayed
	}
	return broker.Event{
		Kind: kind, Account: r.Grant.Account, ClientID: x.client.ID, UserID: r.Grant.UserID,
		Address: x.address, Detail: map[string]string{"grant_type": grantType, "gid": r.Grant.ID.String()},
	}
}

// recordRefusal tells the audit log of a refusal; reused is its kind when something came back that
// had been used before, and a grant was revoked for it. Trouble of ours is no refusal.
func (p *provider) recordRefusal(x *exchange, grantType string, reused broker.EventKind, err error) {
	fault := asFault(err)
	if fault.Status >= 500 {
		return
	}
	e := broker.Event{
		Kind: broker.TokenRefused, Account: x.client.Account, ClientID: x.client.ID,
		Reason: fault.Description, Address: x.address, Detail: map[string]string{"grant_type": grantType},
	}
	var invalid *grant.Invalid
	if errors.As(err, &invalid) {
		if invalid.Reused {
			e.Kind = reused
		}
		if invalid.Grant != nil {
			e.UserID = invalid.Grant.UserID
			e.Detail["gid"] = invalid.Grant.ID.String()
		}
	}
	p.events.Append(e)
}

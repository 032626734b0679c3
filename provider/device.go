package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// deviceAnswer tells a device what to show and how to wait (RFC 8628 §3.2). Times are in seconds.
type deviceAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"`
	Interval                int64  `json:"interval"`
}

// authorizeDevice begins a login on behalf of a device that has no browser (RFC 8628 §3.1).
func (p *provider) authorizeDevice(ctx context.Context, x *exchange, form url.Values) (any, error) {
	scope, fault := requestedScope(form.Get("scope"), x.client, x.issuer.layout.realm)
	if fault != nil {
		return nil, fault
	}
	account := x.client.Account
	if x.client.Platform() {
		account = p.pinnedTenant(x.issuer, x.client, form)
	}
	code, device, err := p.grants.NewDevice(ctx, grant.DeviceRequest{
		Issuer: x.issuer.url, Account: account, ClientID: x.client.ID, RequestedClientID: x.clientID, Scope: scope,
	})
	if err != nil {
		return nil, unavailable(err)
	}
	page := p.site.Origin() + p.site.Path("/device")
	return deviceAnswer{
		DeviceCode: code, UserCode: device.UserCode.String(), VerificationURI: page,
		VerificationURIComplete: page + "?" + url.Values{"user_code": {device.UserCode.String()}}.Encode(),
		ExpiresIn:               p.secondsUntil(device.ExpiresAt), Interval: int64(device.Interval.Seconds()),
	}, nil
}

// exchangeDevice redeems a device code, or says that nobody has allowed it (RFC 8628 §3.4, §3.5). The
// tokens are minted before the code is claimed, as for an authorization code.
func (p *provider) exchangeDevice(ctx context.Context, x *exchange, form url.Values) (any, error) {
	var minted issued
	redeemed, err := p.grants.RedeemDevice(ctx, grant.PresentedDevice{
		Code: form.Get("device_code"), Issuer: x.issuer.url, ClientID: x.client.ID,
		Refresh: func(g grant.Grant) *registry.Refresh { return refreshPolicy(x, g) },
	}, func(ctx context.Context, g grant.Grant) (err error) {
		minted, err = p.issue(ctx, x, g, g.Scope, "")
		return err
	})
	var notYet grant.NotYet
	if errors.As(err, &notYet) && !notYet.Final() { // one line a poll would drown the others
		return nil, err
	}
	if err != nil {
		p.recordRefusal(x, registry.GrantDeviceCode, broker.TokenRefused, err)
		return nil, err
	}
	p.recordIssue(x, registry.GrantDeviceCode, redeemed)
	return p.tokenAnswer(x, redeemed, minted), nil
}

// waiting tells a device why its poll brings no tokens.
func waiting(e grant.NotYet) *Fault {
	f := &Fault{Status: http.StatusBadRequest, Code: string(e)}
	switch e {
	case grant.AuthorizationPending:
		f.Description = "Nobody has answered for the device yet"
	case grant.SlowDown:
		f.Description = "Wait five seconds longer between polls from now on"
	case grant.AccessDenied:
		f.Description = "The person said no"
	case grant.ExpiredToken:
		f.Description = "The device code has expired"
	}
	return f
}

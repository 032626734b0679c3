package demo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/patchbay-auth/patchbay/broker/registry"
)

// deviceLogin signs in a device that has no browser (RFC 8628): the tourist reads its code, and
// answers for it in a browser of their own.
func (t *tourist) deviceLogin(ctx context.Context) (string, error) {
	var device struct {
		DeviceCode              string `json:"device_code"`
		UserCode                string `json:"user_code"`
		VerificationURIComplete string `json:"verification_uri_complete"`
	}
	err := t.app.post(ctx, t.app.metadata.DeviceEndpoint, url.Values{"scope": {tourScopes}}, &device)
	if err != nil {
		return "", err
	}
	poll := url.Values{"grant_type": {registry.GrantDeviceCode}, "device_code": {device.DeviceCode}}
	var got map[string]any
	err = t.app.post(ctx, t.app.metadata.TokenEndpoint, poll, &got)
	if err == nil || !strings.Contains(err.Error(), "authorization_pending") {
		return "", fmt.Errorf("before anybody answered the device was told %w", errors.Join(err, fmt.Errorf("%v", got)))
	}
	if err := t.answerDevice(ctx, device.VerificationURIComplete); err != nil {
		return "", err
	}
	if err := t.app.post(ctx, t.app.metadata.TokenEndpoint, poll, &got); err != nil {
		return "", err
	}
	access, _ := got["access_token"].(string)
	answer, err := t.sbc.introspect(ctx, access)
	if err != nil {
		return "", err
	}
	if answer["active"] != true || got["refresh_token"] == nil {
		return "", fmt.Errorf("the device got %v, and the switch %v", got, answer)
	}
	return fmt.Sprintf("code %s is confirmed; the switch learns %v", device.UserCode, answer["username"]), nil
}

// answerDevice opens the address that the device shows, logs in, and says yes.
func (t *tourist) answerDevice(ctx context.Context, address string) error {
	person, err := newBrowser(nil)
	if err != nil {
		return err
	}
	p, err := person.open(ctx, address)
	if err != nil {
		return err
	}
	user := t.facts.Users[0]
	for _, step := range []struct {
		form   string
		fields map[string]string
	}{
		{"/device", nil}, // the code is filled in
		{"", nil},        // it is me
		{"", map[string]string{"username": user.Login, "password": user.Password}},
		{"/allow", nil},
	} {
		if p, err = person.submit(ctx, p, step.form, step.fields); err != nil {
			return err
		}
	}
	if !strings.Contains(p.body, "The device is signed in") {
		return fmt.Errorf("the last page of the device is %s (status %d)", p.url.Path, p.status)
	}
	return nil
}

package backchannel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// deliver posts a fresh logout token to the client (Back-Channel Logout 1.0 §2.5). The error quotes
// neither the token nor the address, which may hold a secret of the client's.
func (c *Courier) deliver(ctx context.Context, l broker.Logout, client *registry.Client) error {
	token, err := c.Mint(ctx, l, client)
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {token}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, client.BackchannelLogoutURI, strings.NewReader(body))
	if err != nil {
		return errors.New("backchannel_logout_uri is not an address")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.client.Do(r)
	if err != nil {
		var about *url.Error
		if errors.As(err, &about) {
			err = about.Err
		}
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	// What it says does not matter, but a connection can be used again only once it was read.
	_, _ = io.CopyN(io.Discard, answer.Body, 4<<10)
	// Some frameworks turn an empty 200 into a 204 (§2.8).
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("answered status %d", answer.StatusCode)
	}
	return nil
}

func (c *Courier) event(kind broker.EventKind, l broker.Logout, reason string) *broker.Event {
	return &broker.Event{
		ID: id.New(), At: c.Now(), Kind: kind, Account: l.Account, ClientID: l.ClientID, UserID: l.UserID, Reason: reason,
		Detail: map[string]string{"sid": l.SessionID.String(), "tries": strconv.Itoa(l.Tries)},
	}
}

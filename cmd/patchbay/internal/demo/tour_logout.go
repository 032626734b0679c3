package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

func (t *tourist) logout(ctx context.Context) (string, error) {
	login := t.app.begin()
	p, err := t.agent.open(ctx, login.url) // the session of the password login answers
	if err != nil {
		return "", err
	}
	if err := t.finish(ctx, login, p); err != nil {
		return "", err
	}
	if err := t.leave(ctx); err != nil {
		return "", err
	}
	if err := t.over(ctx); err != nil {
		return "", err
	}
	return "single sign-on has ended, the switch refuses the token, the application was told", nil
}

// leave logs out here, through whatever identity provider there is, and back to the application.
func (t *tourist) leave(ctx context.Context) error {
	home := t.facts.App + "/"
	t.agent.stop = func(u *url.URL) bool { return strings.HasPrefix(u.String(), home) }
	p, err := t.agent.open(ctx, t.app.metadata.EndSessionEndpoint+"?"+url.Values{
		"id_token_hint": {t.last.idToken}, "post_logout_redirect_uri": {home}, "state": {"bye"},
	}.Encode())
	if err != nil {
		return err
	}
	if !p.stopped || p.url.Query().Get("state") != "bye" {
		return fmt.Errorf("logout ended at %s (status %d)", p.url.Path, p.status)
	}
	return nil
}

// over checks that the session of the last tokens has ended everywhere here.
func (t *tourist) over(ctx context.Context) error {
	answer, err := t.sbc.introspect(ctx, t.last.AccessToken)
	if err != nil {
		return err
	}
	if answer["active"] != false {
		return fmt.Errorf("after the logout the switch got %v", answer)
	}
	if _, err := t.app.refresh(ctx, t.last.RefreshToken); err == nil {
		return errors.New("after the logout a refresh token was exchanged")
	}
	if err := t.applicationHears(ctx, t.last.claims["sid"]); err != nil {
		return err
	}
	return t.silentLoginFails(ctx)
}

// applicationHears waits until patchbay has told the application itself, and not only the browser.
func (t *tourist) applicationHears(ctx context.Context, sid any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	address := fmt.Sprintf("%s/heard/%v", t.facts.App, sid)
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("the application has not heard of the logout: %w", err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode == http.StatusNoContent {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (t *tourist) silentLoginFails(ctx context.Context) error {
	login := t.app.begin(oauth2.SetAuthURLParam("prompt", "none"))
	p, err := t.agent.open(ctx, login.url)
	if err != nil {
		return err
	}
	callback, err := p.callback()
	if err != nil {
		return err
	}
	if callback.Get("error") != "login_required" {
		return fmt.Errorf("a silent login after the logout got %v", callback)
	}
	return nil
}

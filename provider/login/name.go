package login

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
)

// name takes the user name alone: it leads to an identity provider, or to the step that asks for the
// password. That page answers the form itself, so that the name is in no address.
func (s *server) name(c *gin.Context) error {
	attempt, err := attemptOf(c)
	if err != nil {
		return err
	}
	given := c.Request.PostForm["username"]
	if len(given) != 1 {
		return fmt.Errorf("%w: %d fields username, want one", InvalidRequest, len(given))
	}
	typed := broker.Credentials{Login: strings.TrimSpace(given[0])}
	page, err := s.loginPage(c)
	if err != nil {
		return err
	}
	if typed.Login == "" {
		return &unfinished{cause: nameless, show: func(w http.ResponseWriter, r *http.Request, status int, wrong outcome) error {
			return s.Pages.login(w, r, status, page, stepName, typed, wrong)
		}}
	}
	next, err := s.Engine.Identify(c.Request.Context(), attempt, s.browser(c.Request), typed.Login)
	if err != nil {
		return err
	}
	if next.Step != broker.StepLogin {
		return s.proceed(c, next)
	}
	return s.Pages.login(c.Writer, c.Request, http.StatusOK, page, stepPassword, typed, outcome{})
}

// reshow shows the form again, with what was typed except the password, when that helps. Otherwise it
// returns cause, as it does when the form cannot be shown.
func (s *server) reshow(c *gin.Context, typed broker.Credentials, cause error) error {
	o := judge(cause)
	switch o.key {
	case string(broker.ReasonCredentials), string(broker.ReasonBusy), string(broker.ReasonThrottled), string(incomplete):
	default:
		return cause
	}
	page, err := s.loginPage(c)
	if err != nil {
		return errors.Join(cause, err)
	}
	at := stepAll
	if typed.Login != "" && c.Request.PostForm.Has("name_given") {
		at = stepPassword
	}
	return &unfinished{cause: cause, show: func(w http.ResponseWriter, r *http.Request, status int, wrong outcome) error {
		return s.Pages.login(w, r, status, page, at, typed, wrong)
	}}
}

package login

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/secret"
)

func (s *server) show(c *gin.Context) error {
	page, err := s.loginPage(c)
	if err != nil {
		return err
	}
	at := firstStep(page, c.Query("way"))
	return s.Pages.login(c.Writer, c.Request, http.StatusOK, page, at, broker.Credentials{Login: page.LoginHint}, outcome{})
}

func (s *server) password(c *gin.Context) error {
	attempt, err := attemptOf(c)
	if err != nil {
		return err
	}
	typed, err := credentials(c.Request)
	if err != nil {
		return s.reshow(c, typed, err)
	}
	next, err := s.Engine.Password(c.Request.Context(), attempt, s.browser(c.Request), typed)
	if err != nil {
		return s.reshow(c, typed, err)
	}
	return s.proceed(c, next)
}

// credentials reads the password form.
func credentials(r *http.Request) (broker.Credentials, error) {
	logins, passwords, numbers := r.PostForm["username"], r.PostForm["password"], r.PostForm["customer_number"]
	if len(logins) != 1 || len(passwords) != 1 || len(numbers) > 1 {
		return broker.Credentials{}, fmt.Errorf("%w: %d fields username, %d password, %d customer_number; want one of each",
			InvalidRequest, len(logins), len(passwords), len(numbers))
	}
	typed := broker.Credentials{Login: logins[0], Password: secret.New(passwords[0])}
	if len(numbers) == 1 {
		typed.CustomerNumber = strings.TrimSpace(numbers[0])
	}
	if typed.Login == "" || typed.Password.Empty() {
		return typed, incomplete
	}
	return typed, nil
}

func (s *server) send(c *gin.Context) error {
	attempt, err := attemptOf(c)
	if err != nil {
		return err
	}
	next, err := s.Engine.Send(c.Request.Context(), attempt, s.browser(c.Request), c.Param("connection"))
	if err != nil {
		return err
	}
	return s.proceed(c, next)
}

func (s *server) cancel(c *gin.Context) error {
	attempt, err := attemptOf(c)
	if err != nil {
		return err
	}
	next, err := s.Engine.Cancel(c.Request.Context(), attempt, s.browser(c.Request))
	if err != nil {
		return err
	}
	return s.proceed(c, next)
}

func (s *server) callback(c *gin.Context) error {
	return s.complete(c, c.Request.URL.Query())
}

// proceed does what the engine decided.
func (s *server) proceed(c *gin.Context, next broker.Next) error {
	switch next.Step {
	case broker.StepLogin:
		c.Header("Cache-Control", "no-store")
		c.Redirect(http.StatusSeeOther, s.Pages.AttemptURL(next.AttemptID))
		return nil
	case broker.StepRedirect:
		if next.Answer != nil {
			s.Pages.Remember(c.Writer, *next.Answer)
		}
		return s.Pages.Leave(c.Writer, c.Request, next)
	case broker.StepDevice:
		if next.Answer != nil {
			s.Pages.Remember(c.Writer, *next.Answer)
		}
		c.Header("Cache-Control", "no-store")
		c.Redirect(http.StatusSeeOther, s.Pages.DeviceURL(next.AttemptID))
		return nil
	case broker.StepConsent:
		if next.Answer != nil {
			s.Pages.Remember(c.Writer, *next.Answer)
		}
		c.Header("Cache-Control", "no-store")
		c.Redirect(http.StatusSeeOther, s.Pages.ConsentURL(next.AttemptID))
		return nil
	case broker.StepAnswer:
		return s.Answer(c.Writer, c.Request, *next.Answer)
	}
	return fmt.Errorf("login step %d is unknown", next.Step)
}

func (s *server) loginPage(c *gin.Context) (broker.LoginPage, error) {
	attempt, err := attemptOf(c)
	if err != nil {
		return broker.LoginPage{}, err
	}
	return s.Engine.Page(c.Request.Context(), attempt, s.browser(c.Request))
}

// attemptOf reads the attempt's id from the path. One that nobody could have made is unknown.
func attemptOf(c *gin.Context) (id.ID, error) {
	attempt, err := id.Parse(c.Param("id"))
	if err != nil || attempt.IsZero() {
		return id.ID{}, &broker.Refusal{Reason: broker.ReasonUnknownAttempt, Err: err}
	}
	return attempt, nil
}

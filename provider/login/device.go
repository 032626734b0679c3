package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// Devices decides about devices that have no browser (RFC 8628). Its errors are told as an Engine's.
type Devices interface {
	BeginDevice(ctx context.Context, userCode string, b broker.Browser) (broker.Next, error)
	DevicePage(ctx context.Context, attempt id.ID, b broker.Browser) (broker.DevicePage, error)
	ContinueDevice(ctx context.Context, attempt id.ID, b broker.Browser) (broker.Next, error)
	ChangeUser(ctx context.Context, attempt id.ID, b broker.Browser) (broker.Next, error)
	AllowDevice(ctx context.Context, attempt id.ID, b broker.Browser) (broker.Next, error)
	DenyDevice(ctx context.Context, attempt id.ID, b broker.Browser) (broker.Next, error)
}

// deviceRoutes serves everything at {public_url}/device.
func (s *server) deviceRoutes(routes *gin.RouterGroup) {
	routes.GET("", s.page(s.askUserCode))
	routes.POST("", s.form(s.userCode))
	routes.GET("/:id", s.page(s.device))
	for at, step := range map[string]func(context.Context, id.ID, broker.Browser) (broker.Next, error){
		"/:id":       s.Engine.ContinueDevice,
		"/:id/user":  s.Engine.ChangeUser,
		"/:id/allow": s.Engine.AllowDevice,
		"/:id/deny":  s.Engine.DenyDevice,
	} {
		routes.POST(at, s.form(s.deviceStep(step)))
	}
}

// askUserCode shows the field for the code. A code in the query (RFC 8628 §3.3.1) is only filled in:
// looking it up has to be the person's own act.
func (s *server) askUserCode(c *gin.Context) error {
	binding := s.Site.EnsureBinding(c.Writer, c.Request)
	return s.Pages.userCode(c.Writer, c.Request, http.StatusOK, binding, c.Query("user_code"), outcome{})
}

func (s *server) userCode(c *gin.Context) error {
	typed := c.Request.PostForm["user_code"]
	if len(typed) != 1 {
		return fmt.Errorf("%w: %d fields user_code; want one", InvalidRequest, len(typed))
	}
	next, err := s.Engine.BeginDevice(c.Request.Context(), typed[0], s.browser(c.Request))
	var refused *broker.Refusal
	if errors.As(err, &refused) && (refused.Reason == broker.ReasonUserCode || refused.Reason == broker.ReasonTooManyCodes) {
		return &unfinished{cause: err, show: func(w http.ResponseWriter, r *http.Request, status int, wrong outcome) error {
			return s.Pages.userCode(w, r, status, s.Site.Binding(r), typed[0], wrong)
		}}
	}
	if err != nil {
		return err
	}
	return s.proceed(c, next)
}

func (s *server) device(c *gin.Context) error {
	attempt, err := attemptOf(c)
	if err != nil {
		return err
	}
	page, err := s.Engine.DevicePage(c.Request.Context(), attempt, s.browser(c.Request))
	if err != nil {
		return err
	}
	return s.Pages.device(c.Writer, c.Request, page)
}

// deviceStep adapts a step of the engine.
func (s *server) deviceStep(step func(context.Context, id.ID, broker.Browser) (broker.Next, error)) func(*gin.Context) error {
	return func(c *gin.Context) error {
		attempt, err := attemptOf(c)
		if err != nil {
			return err
		}
		next, err := step(c.Request.Context(), attempt, s.browser(c.Request))
		if err != nil {
			return err
		}
		return s.proceed(c, next)
	}
}

package login

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/web"
)

// noticeRoutes are the addresses at which identity providers tell that they have ended sessions, and to
// which they send browsers back that we sent to log out there.
func (s *server) noticeRoutes(connection *gin.RouterGroup) {
	connection.POST("/backchannel-logout", s.backchannelLogout)
	connection.GET("/frontchannel-logout", s.frontchannelLogout)
	connection.GET("/logged-out", s.page(s.loggedOut))
}

// backchannelLogout takes a logout token (OpenID Connect Back-Channel Logout 1.0 §2.5). It is a provider
// that asks, not a person: the answer is JSON, and says no more than what to do about it.
func (s *server) backchannelLogout(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxNotice)
	if err := c.Request.ParseForm(); err != nil || len(c.Request.PostForm["logout_token"]) != 1 || c.Request.PostForm.Get("logout_token") == "" {
		c.JSON(http.StatusBadRequest, gin.H{"error": "invalid_request", "error_description": "want one logout_token, in a form"})
		return
	}
	err := s.notified(c, broker.Notice{Token: c.Request.PostForm.Get("logout_token")})
	switch status := s.refusedNotice(c, err); status {
	case http.StatusOK:
		c.Status(status)
	case http.StatusBadRequest:
		c.JSON(status, gin.H{"error": "invalid_request", "error_description": "the logout token is not accepted"})
	default:
		c.Header("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
		c.JSON(status, gin.H{"error": "temporarily_unavailable"})
	}
}

// maxNotice bounds the body of a back-channel logout, in bytes: a token of 64 KiB and its form.
const maxNotice = 96 << 10

// frontchannelLogout takes what an identity provider makes a browser open in a frame of its own page
// (OpenID Connect Front-Channel Logout 1.0 §2). No cookie of ours comes along there, so that the session's
// id alone says which one it is. The answer is empty, and what counts is that it was asked for: so it may
// as well refuse to be framed.
func (s *server) frontchannelLogout(c *gin.Context) {
	s.Site.Protect(c.Writer.Header(), web.Policy{})
	q := c.Request.URL.Query()
	if len(q["iss"]) != 1 || len(q["sid"]) != 1 {
		c.Status(http.StatusBadRequest)
		return
	}
	status := s.refusedNotice(c, s.notified(c, broker.Notice{Issuer: q.Get("iss"), Session: q.Get("sid")}))
	c.Data(status, "text/html; charset=utf-8", nil)
}

func (s *server) notified(c *gin.Context, n broker.Notice) error {
	n.Account, n.Connection = registry.Account(c.Param("account")), c.Param("connection")
	n.Address = s.Site.Address(c.Request).String()
	ended, err := s.Engine.Notified(c.Request.Context(), n)
	if ended > 0 {
		s.Ended()
	}
	return err
}

// refusedNotice logs what became of a notice and returns the status to answer it with.
func (s *server) refusedNotice(c *gin.Context, err error) int {
	var refused *broker.Refusal
	switch {
	case err == nil:
		return http.StatusOK
	case errors.As(err, &refused) && refused.Reason != broker.ReasonUpstreamDown:
		s.Pages.log.WarnContext(c.Request.Context(), "logout by an identity provider refused", "error", err)
		return http.StatusBadRequest
	}
	s.Pages.log.ErrorContext(c.Request.Context(), "logout by an identity provider failed", "error", err)
	return http.StatusServiceUnavailable
}

// loggedOut takes back a browser that has logged out at an identity provider, and sends it on to where
// the application wanted it. Whatever came back with it, the person is logged out here; but of a browser that
// was not sent there nothing of the kind is known.
func (s *server) loggedOut(c *gin.Context) error {
	return s.backFrom(c, broker.Homecoming{State: c.Query("state")})
}

func (s *server) backFrom(c *gin.Context, h broker.Homecoming) error {
	h.Account, h.Connection, h.Browser = registry.Account(c.Param("account")), c.Param("connection"), s.browser(c.Request)
	d, ended, err := s.Engine.Return(c.Request.Context(), h)
	switch {
	case errors.Is(err, broker.ErrNotFound):
		return s.Pages.noticed(c.Writer, c.Request, unknownLogout)
	case err != nil:
		return err
	case d.ReturnURI != "":
		return s.Pages.Redirect(c.Writer, c.Request, d.ReturnURI)
	}
	return s.Pages.LoggedOut(c.Writer, c.Request, Farewell{UILocales: d.UILocales, OpenElsewhere: !ended})
}

package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/web"
)

// An Engine decides about logins. A *broker.Refusal among its errors is told to the person; any
// other error is trouble of ours.
type Engine interface {
	Page(ctx context.Context, attempt id.ID, b broker.Browser) (broker.LoginPage, error)
	Identify(ctx context.Context, attempt id.ID, b broker.Browser, login string) (broker.Next, error)
	Password(ctx context.Context, attempt id.ID, b broker.Browser, c broker.Credentials) (broker.Next, error)
	Send(ctx context.Context, attempt id.ID, b broker.Browser, connection string) (broker.Next, error)
	Complete(ctx context.Context, account registry.Account, connection string, params url.Values, b broker.Browser) (broker.Next, error)
	Cancel(ctx context.Context, attempt id.ID, b broker.Browser) (broker.Next, error)
	Notified(context.Context, broker.Notice) (int, error)
	Return(context.Context, broker.Homecoming) (d broker.Departure, ended bool, err error)
	Posts
	Devices
	Consents
}

// Config is what the pages of a login need. Everything is required.
type Config struct {
	Engine Engine
	Site   *web.Site
	Pages  *Pages
	// Answer sends the browser back to the client. It writes nothing when it returns an error.
	Answer func(http.ResponseWriter, *http.Request, broker.Answer) error
	// Issuer is where people are logged in whose login began at an identity provider.
	Issuer string
	// Ended is called when an identity provider has ended sessions, whose clients are to be told.
	Ended func()
}

// maxForm bounds the body of a form, in bytes.
const maxForm = 32 << 10

type server struct {
	Config
}

// New returns a handler for everything below {public_url}/login/, and at and below {public_url}/device. It expects paths as browsers send
// them: with the path of the public URL.
func New(c Config) (http.Handler, error) {
	if c.Engine == nil || c.Site == nil || c.Pages == nil || c.Answer == nil || c.Issuer == "" || c.Ended == nil {
		return nil, errors.New("login: Config is not complete")
	}
	s := &server{c}
	gin.SetMode(gin.ReleaseMode) // gin's own switch; in its other modes it prints to stdout
	g := gin.New()
	if err := g.SetTrustedProxies(nil); err != nil { // web.Site knows them
		return nil, err
	}
	g.HandleMethodNotAllowed = true
	g.RedirectTrailingSlash = false
	g.NoRoute(s.page(func(*gin.Context) error { return NoPage }))
	g.NoMethod(s.page(func(*gin.Context) error { return WrongMethod }))

	routes := g.Group(c.Site.Path("/login"))
	routes.GET("/attempt/:id", s.page(s.show))
	routes.POST("/attempt/:id", s.form(s.password))
	routes.POST("/attempt/:id/name", s.form(s.name))
	routes.POST("/attempt/:id/with/:connection", s.form(s.send))
	routes.POST("/attempt/:id/cancel", s.form(s.cancel))
	s.consentRoutes(routes.Group("/attempt"))
	routes.GET("/:account/:connection/callback", s.page(s.callback))
	s.postRoutes(routes.Group("/:account/:connection"))
	s.noticeRoutes(routes.Group("/:account/:connection"))
	s.deviceRoutes(g.Group(c.Site.Path("/device")))
	return g, nil
}

// page adapts a handler that returns an error.
func (s *server) page(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		s.Pages.serve(c.Writer, c.Request, func(http.ResponseWriter, *http.Request) error { return h(c) }, s.again)
	}
}

// form is page for a form of ours, which it checks first.
func (s *server) form(h func(*gin.Context) error) gin.HandlerFunc {
	return s.page(func(c *gin.Context) error {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
		if err := c.Request.ParseForm(); err != nil {
			// The parser's error quotes what it could not read, which may be a password.
			return InvalidRequest
		}
		if err := s.Site.CheckForm(c.Request, c.Request.URL.Path); err != nil {
			return err
		}
		return h(c)
	})
}

func (s *server) browser(r *http.Request) broker.Browser {
	return broker.Browser{
		Binding: s.Site.Binding(r),
		Session: func(issuer string) string { return s.Site.Session(r, issuer) },
		Known:   s.Site.Known(r),
		Home:    s.Site.Home(r),
		Address: s.Site.Address(r).String(),
	}
}

// again looks up the attempt that a refusal leaves open, so that its page can offer to go on. If
// that fails too, the page does without.
func (s *server) again(r *http.Request, refusal *broker.Refusal) (broker.LoginPage, bool) {
	if refusal.AttemptID.IsZero() {
		return broker.LoginPage{}, false
	}
	page, err := s.Engine.Page(r.Context(), refusal.AttemptID, s.browser(r))
	return page, err == nil
}

package login

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// Posts decide about what identity providers have browsers post.
type Posts interface {
	Keep(ctx context.Context, account registry.Account, connection string, params url.Values, address string) (handle string, err error)
	Kept(ctx context.Context, account registry.Account, connection, handle string) (url.Values, error)
	ServiceMetadata(ctx context.Context, account registry.Account, connection string) ([]byte, error)
	KeepUnasked(ctx context.Context, account registry.Account, connection string, params url.Values, address string) (handle string, err error)
	Unasked(ctx context.Context, account registry.Account, connection, handle, issuer string, b broker.Browser) (broker.Next, error)
	SingleLogout(context.Context, broker.LogoutRequest) (int, broker.Next, error)
	SealAnswer(ctx context.Context, account registry.Account, connection, state string, form url.Values) (string, error)
}

// postRoutes are the addresses to which identity providers have browsers post (OAuth 2.0 Form Post Response
// Mode, SAML Bindings §3.5), and where SAML's find our metadata.
func (s *server) postRoutes(connection *gin.RouterGroup) {
	connection.POST("/callback", s.page(s.postedCallback))
	connection.GET("/saml/metadata", s.page(s.serviceMetadata))
	connection.POST("/saml/acs", s.page(s.postedResponse))
	connection.GET("/saml/acs", s.page(s.response))
	connection.POST("/saml/acs/idp", s.page(s.postedUnasked))
	connection.GET("/saml/acs/idp", s.page(s.unasked))
	connection.GET("/saml/slo", s.page(s.singleLogout))
	connection.POST("/saml/slo", s.page(s.postedLogout))
}

// maxPosted bounds what is posted, in bytes: a SAML response of 256 KiB in base64, in a form that escapes
// some of that.
const maxPosted = 768 << 10

// maxCallback is the same for a code and what comes with it: whoever has begun a login can have us keep as
// many of them as they post.
const maxCallback = 32 << 10

// handle is the parameter of the address that answers a post.
const handle = "posted"

// posted reads a form that came from another site. Nothing but its size is judged here, and no cookie is
// read: the browser sends none along.
func posted(c *gin.Context, limit int64, names ...string) (url.Values, error) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
	if err := c.Request.ParseForm(); err != nil {
		return nil, InvalidRequest // the parser's error quotes what it could not read, which may be a code
	}
	params := url.Values{}
	for _, name := range names {
		if values, ok := c.Request.PostForm[name]; ok {
			params[name] = values
		}
	}
	return params, nil
}

// answerPost keeps what was posted, and sends the browser to fetch it from this same address.
func (s *server) answerPost(c *gin.Context, params url.Values) error {
	kept, err := s.Engine.Keep(c.Request.Context(), registry.Account(c.Param("account")), c.Param("connection"),
		params, s.Site.Address(c.Request).String())
	if err != nil {
		return err
	}
	fetch(c, url.Values{handle: {kept}})
	return nil
}

// fetch sends the browser to the same address again, now with its cookies.
func fetch(c *gin.Context, query url.Values) {
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "no-referrer")
	// Not c.Redirect, which would clean a path that must not change.
	c.Header("Location", c.Request.URL.EscapedPath()+"?"+query.Encode())
	c.Status(http.StatusSeeOther)
}

func (s *server) postedCallback(c *gin.Context) error {
	params, err := posted(c, maxCallback, "state", "code", "iss", "error", "error_description")
	if err != nil {
		return err
	}
	return s.answerPost(c, params)
}

func (s *server) postedResponse(c *gin.Context) error {
	params, err := posted(c, maxPosted, "SAMLResponse", "SAMLart", "RelayState")
	if err != nil {
		return err
	}
	return s.answerPost(c, relayed(params))
}

// relayed calls the relay state by its name here.
func relayed(params url.Values) url.Values {
	params["state"] = params["RelayState"]
	delete(params, "RelayState")
	return params
}

// response takes an artifact, or the handle of what was posted (SAML Bindings §3.6).
func (s *server) response(c *gin.Context) error {
	params := c.Request.URL.Query()
	if params.Has(handle) {
		return s.complete(c, params)
	}
	return s.complete(c, relayed(url.Values{"SAMLart": params["SAMLart"], "RelayState": params["RelayState"]}))
}

// complete goes on with a callback, which may have been posted before.
func (s *server) complete(c *gin.Context, params url.Values) error {
	account, connection := registry.Account(c.Param("account")), c.Param("connection")
	if params.Has(handle) {
		var err error
		if params, err = s.Engine.Kept(c.Request.Context(), account, connection, params.Get(handle)); err != nil {
			return err
		}
	}
	next, err := s.Engine.Complete(c.Request.Context(), account, connection, params, s.browser(c.Request))
	if err != nil {
		return err
	}
	return s.proceed(c, next)
}

// postedUnasked takes a response to nothing that we asked (SAML Profiles §4.1.5).
func (s *server) postedUnasked(c *gin.Context) error {
	params, err := posted(c, maxPosted, "SAMLResponse")
	if err != nil {
		return err
	}
	kept, err := s.Engine.KeepUnasked(c.Request.Context(), registry.Account(c.Param("account")), c.Param("connection"),
		params, s.Site.Address(c.Request).String())
	if err != nil {
		return err
	}
	fetch(c, url.Values{handle: {kept}})
	return nil
}

// unasked logs in whom such a response was about. The browser may never have been here before.
func (s *server) unasked(c *gin.Context) error {
	b := s.browser(c.Request)
	b.Binding = s.Site.EnsureBinding(c.Writer, c.Request)
	next, err := s.Engine.Unasked(c.Request.Context(), registry.Account(c.Param("account")), c.Param("connection"),
		c.Query(handle), s.Issuer, b)
	if err != nil {
		return err
	}
	return s.proceed(c, next)
}

func (s *server) serviceMetadata(c *gin.Context) error {
	document, err := s.Engine.ServiceMetadata(c.Request.Context(), registry.Account(c.Param("account")), c.Param("connection"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache") // the next key is announced here
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(http.StatusOK, "application/samlmetadata+xml", document)
	return nil
}

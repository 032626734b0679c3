package login

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
)

// singleLogout takes what comes to saml/slo by redirect (SAML Profiles §4.4): an identity provider's
// request, or its answer to ours, which ends where any browser ends that comes back from logging out.
func (s *server) singleLogout(c *gin.Context) error {
	if c.Query("SAMLRequest") == "" {
		return s.backFrom(c, broker.Homecoming{
			State: c.Query("RelayState"), Query: c.Request.URL.RawQuery, Answer: c.Query(handle),
		})
	}
	return s.endedThere(c, broker.LogoutRequest{Query: c.Request.URL.RawQuery})
}

// postedLogout takes the same by a form. An answer of the identity provider is fetched again from here,
// because the browser sends no cookies along with a post from another site; what was found out about it comes along.
func (s *server) postedLogout(c *gin.Context) error {
	form, err := posted(c, maxPosted, "SAMLRequest", "SAMLResponse", "RelayState")
	if err != nil {
		return err
	}
	if form.Has("SAMLRequest") {
		return s.endedThere(c, broker.LogoutRequest{Form: form})
	}
	state := form.Get("RelayState")
	answer, err := s.Engine.SealAnswer(c.Request.Context(), registry.Account(c.Param("account")), c.Param("connection"), state, form)
	if err != nil {
		return err
	}
	fetch(c, url.Values{"RelayState": {state}, handle: {answer}})
	return nil
}

// endedThere ends here what has ended at the identity provider, and has the browser say so there.
func (s *server) endedThere(c *gin.Context, req broker.LogoutRequest) error {
	req.Account, req.Connection = registry.Account(c.Param("account")), c.Param("connection")
	req.Address = s.Site.Address(c.Request).String()
	ended, next, err := s.Engine.SingleLogout(c.Request.Context(), req)
	if ended > 0 {
		s.Ended()
	}
	if err != nil {
		return err
	}
	if next.URL == "" {
		return s.Pages.noticed(c.Writer, c.Request, noticedLogout)
	}
	return s.proceed(c, next)
}

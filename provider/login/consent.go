package login

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/internal/web"
)

// Consents decides about what clients may learn. Its errors are as an Engine's.
type Consents interface {
	ConsentPage(ctx context.Context, attempt id.ID, b broker.Browser) (broker.ConsentPage, error)
	Consent(ctx context.Context, attempt id.ID, b broker.Browser, yes bool) (broker.Next, error)
}

// ConsentURL returns the path of the question whether the client of an attempt may learn something.
func (p *Pages) ConsentURL(attempt id.ID) string { return p.AttemptURL(attempt) + "/consent" }

type consentView struct {
	frame
	What string
	// Items are the texts of the scopes, in the order of the request.
	Items   []string
	Yes, No choice
}

// consent shows the question.
func (p *Pages) consent(w http.ResponseWriter, r *http.Request, page broker.ConsentPage) error {
	l := p.language(r, page.UILocales)
	tenant, application := names(broker.LoginPage{Tenant: page.Tenant, Client: page.Client})
	at := p.ConsentURL(page.AttemptID)
	view := consentView{
		frame: p.frame(l, l.Text("consent.title", "application", application), tenant),
		What:  l.Text("consent.what", "application", application, "user", fullName(page.User)),
		Yes:   choice{p.form(r, at), l.Text("consent.yes")},
		No:    choice{p.form(r, at+"/deny"), l.Text("consent.no")},
		Items: scopeTexts(l, page.Scope),
	}
	return p.render(w, http.StatusOK, "consent", view, web.Policy{FormOwn: true, FormTargets: []string{page.RedirectURI}})
}

// scopeTexts says in a person's words what a client asks for.
func scopeTexts(l web.Language, scope []string) []string {
	var texts []string
	for _, name := range scope {
		text := name // of another's API: its name is all we know
		if key := "scope." + name; l.Has(key) {
			text = l.Text(key)
		}
		texts = append(texts, text)
	}
	return texts
}

func (s *server) consentRoutes(attempts *gin.RouterGroup) {
	attempts.GET("/:id/consent", s.page(s.askConsent))
	attempts.POST("/:id/consent", s.form(s.answerConsent(true)))
	attempts.POST("/:id/consent/deny", s.form(s.answerConsent(false)))
}

func (s *server) askConsent(c *gin.Context) error {
	attempt, err := attemptOf(c)
	if err != nil {
		return err
	}
	page, err := s.Engine.ConsentPage(c.Request.Context(), attempt, s.browser(c.Request))
	if err != nil {
		return err
	}
	return s.Pages.consent(c.Writer, c.Request, page)
}

func (s *server) answerConsent(yes bool) func(*gin.Context) error {
	return func(c *gin.Context) error {
		attempt, err := attemptOf(c)
		if err != nil {
			return err
		}
		next, err := s.Engine.Consent(c.Request.Context(), attempt, s.browser(c.Request), yes)
		if err != nil {
			return err
		}
		return s.proceed(c, next)
	}
}

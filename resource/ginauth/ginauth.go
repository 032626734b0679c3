// Package ginauth is package resource for gin.
package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/patchbay-auth/patchbay/resource"
)

// Require returns a handler that lets requests pass whose access token is good and has what is
// needed, and answers all others as resource.Verifier.Require does.
func Require(v *resource.Verifier, need resource.Need) gin.HandlerFunc {
	return func(c *gin.Context) {
		token, refusal := v.Authorize(c.Request, need)
		if refusal != nil {
			_ = c.Error(refusal) // for the API's own log; it returns what it was given
			refusal.Write(c.Writer)
			c.Abort()
			return
		}
		c.Request = c.Request.WithContext(resource.NewContext(c.Request.Context(), token))
		c.Next()
	}
}

// Token returns the token of a request that Require let through.
func Token(c *gin.Context) (*resource.Token, bool) { return resource.FromContext(c.Request.Context()) }

// Package verifygin is verify's middleware for Gin. It owns nothing but that: settings,
// checks and errors are those of verify.
package verifygin

import (
	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
)

// Middleware lets requests with a good bearer token that passes every check through, and
// answers all others as verify.Answer does. Handlers behind it get the claims by
// verify.ClaimsFrom(c.Request.Context()).
func Middleware(v *verify.Verifier, checks ...verify.Check) gin.HandlerFunc {
	return func(c *gin.Context) {
		claims, err := v.Authenticate(c.Request, checks...)
		if err != nil {
			verify.Answer(c.Writer, err)
			c.Abort()
			return
		}
		c.Request = c.Request.WithContext(verify.NewContext(c.Request.Context(), claims))
	}
}

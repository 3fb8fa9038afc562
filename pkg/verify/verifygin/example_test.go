package verifygin_test

import (
	"context"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/verify"
	"github.com/gatehouse-id/gatehouse/pkg/verify/verifygin"
)

func Example() {
	v, err := verify.New(context.Background(), "https://id.example.com", verify.Audience("my-api"))
	if err != nil {
		log.Fatal(err)
	}
	_ = routes(v)
}

func routes(v *verify.Verifier) *gin.Engine {
	hello := func(c *gin.Context) {
		claims, _ := verify.ClaimsFrom(c.Request.Context())
		c.String(http.StatusOK, "hello %s", claims.Subject)
	}
	r := gin.New()
	r.GET("/hello", verifygin.Middleware(v), hello)
	admin := r.Group("/admin", verifygin.Middleware(v, verify.RequireUserType("admin", "superadmin")))
	admin.GET("/reports", hello)
	return r
}

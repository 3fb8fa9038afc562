package app

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/docs/example"
	"github.com/gatehouse-id/gatehouse/pkg/mail/inbox"
)

// exampleAPI is where docs/example/api serves unless it is told otherwise.
const exampleAPI = "http://localhost:8081"

// mountDevelopment registers what only a development server has: the inbox, and the example
// app at the default GATEHOUSE_APP_URL.
func (a *App) mountDevelopment(r gin.IRoutes) {
	if !a.Config.Development {
		return
	}
	if a.inbox != nil {
		h := gin.WrapH(a.inbox.Handler())
		for _, path := range []string{"", ".json", ".css", "/:id", "/:id/html"} {
			r.GET(inbox.Path+path, h)
		}
	}
	toApp := func(c *gin.Context) { c.Redirect(http.StatusFound, "/app/") }
	r.GET("/", toApp)
	r.GET("/app", toApp)
	files := http.StripPrefix("/app", http.FileServerFS(example.App()))
	r.GET("/app/*file", func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
			"connect-src 'self' "+exampleAPI+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		if c.Param("file") == "/config.json" {
			c.JSON(http.StatusOK, gin.H{"baseUrl": a.Config.PublicURL, "apiKey": a.devKey, "api": exampleAPI})
			return
		}
		files.ServeHTTP(c.Writer, c.Request)
	})
}

package app

import (
	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/mail/inbox"
)

// mountDevelopment registers what only a development server has.
func (a *App) mountDevelopment(r gin.IRoutes) {
	if a.inbox != nil {
		h := gin.WrapH(a.inbox.Handler())
		for _, path := range []string{"", ".json", ".css", "/:id", "/:id/html"} {
			r.GET(inbox.Path+path, h)
		}
	}
}

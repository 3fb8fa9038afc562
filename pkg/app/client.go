package app

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/client/js"
)

// mountClient serves the browser client to pages of every origin: it holds nothing secret.
func mountClient(r gin.IRoutes) {
	for path, file := range map[string]struct{ mediaType, text string }{
		"/client.js":   {"text/javascript; charset=utf-8", js.Module()},
		"/client.d.ts": {"application/typescript; charset=utf-8", js.Types()},
	} {
		sum := sha256.Sum256([]byte(file.text))
		etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		serve := func(c *gin.Context) {
			h := c.Writer.Header()
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			h.Set("Cache-Control", "public, max-age=3600")
			h.Set("Content-Type", file.mediaType)
			h.Set("ETag", etag)
			http.ServeContent(c.Writer, c.Request, "", time.Time{}, strings.NewReader(file.text))
		}
		r.GET(path, serve)
		r.HEAD(path, serve)
	}
}

package openapi

import (
	"bytes"
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"
)

const (
	documentPath = "/openapi.json"
	pagePath     = "/docs"
)

// policy lets the page load what is served beside it, and talk to the server it came from.
// Swagger UI draws its icons as data: images. It sets styles through the DOM, which style-src
// does not govern, so that no 'unsafe-inline' is needed.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page
var pages embed.FS

// assetNames are the files that the page loads: ours, and two of Swagger UI.
func assetNames() []string {
	return []string{"page.js", "page.css", "icon.svg", "swagger-ui-bundle.js", "swagger-ui.css"}
}

func pageFiles() (map[string]file, error) {
	versions := ""
	files := map[string]file{}
	for _, name := range assetNames() {
		f, err := assetFile(name)
		if err != nil {
			return nil, fmt.Errorf("openapi: %w", err)
		}
		files[pagePath+"/"+name] = f
		versions += f.version
	}
	files[pagePath] = file{version: hash([]byte(versions))}
	return files, nil
}

func assetFile(name string) (file, error) {
	// Not from the tables of the machine, which differ.
	mediaType := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
	}[path.Ext(name)]
	if strings.HasPrefix(name, "swagger-ui") {
		packed, err := static.FS.ReadFile(name + ".gz")
		return newPacked(mediaType, packed), err
	}
	body, err := pages.ReadFile("page/" + name)
	return newFile(mediaType, body), err
}

// page renders the page. It is small, and it is where new versions of the files are named, so
// that it is asked for anew each time.
func (a *API) page(c *gin.Context, f file) {
	view := struct{ Version, Key string }{Version: f.version}
	if key := a.key.Load(); key != nil {
		view.Key = *key
	}
	var html bytes.Buffer
	if err := a.index.Execute(&html, view); err != nil { // into a buffer, with fields that are there
		a.Log.ErrorContext(c.Request.Context(), "the API page cannot be shown", slog.Any("error", err))
	}
	c.Header("Content-Security-Policy", policy)
	c.Header("Cross-Origin-Opener-Policy", "same-origin")
	c.Data(http.StatusOK, "text/html; charset=utf-8", html.Bytes())
}

// asset serves a file for as long as anybody likes if it was asked for by its version, which the
// page names. While nodes of two releases answer, a file may be asked for by another version.
func (a *API) asset(c *gin.Context, f file) {
	cache := "no-cache"
	if v := c.Query("v"); v != "" && v == a.files[pagePath].version {
		cache = "public, max-age=31536000, immutable"
	}
	f.serve(c, cache)
}

func redirect(c *gin.Context, to string) {
	c.Header("Location", to)
	c.Status(http.StatusMovedPermanently)
	c.Writer.WriteHeaderNow()
}

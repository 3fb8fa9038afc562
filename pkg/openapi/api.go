package openapi

import (
	"html/template"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// API serves the description of all dialects and a page to try it on. It is safe for concurrent
// use.
type API struct {
	PublicURL string // the server that the document names
	Parts     []Part
	Log       *slog.Logger

	once   sync.Once
	index  *template.Template
	files  map[string]file
	failed error

	key atomic.Pointer[string]
}

// FillIn names the publishable API key that the page enters by itself: on development servers,
// which print it anyway.
func (a *API) FillIn(key string) { a.key.Store(&key) }

// Document returns the merged document as JSON.
func (a *API) Document() ([]byte, error) {
	a.render()
	return a.files[documentPath].body, a.failed
}

// render makes everything that is served, once and not before somebody asks: commands that serve
// nothing build an API too.
func (a *API) render() {
	a.once.Do(func() {
		doc, err := Merge(a.PublicURL, a.Parts...)
		if err == nil {
			a.index, err = template.ParseFS(pages, "page/index.html")
		}
		if err == nil {
			a.files, err = pageFiles()
		}
		if a.failed = err; err == nil {
			a.files[documentPath] = newFile("application/json", doc)
		}
	})
}

// Mount registers the document and the page. Both are public; the shield in front labels the
// document for the origins that may read it.
func (a *API) Mount(r gin.IRoutes) {
	get := func(path string, h gin.HandlerFunc) {
		r.GET(path, h)
		r.HEAD(path, h)
	}
	get(documentPath, a.with(func(c *gin.Context, f file) { f.serve(c, "public, max-age=300") }))
	get(pagePath, a.with(a.page))
	get(pagePath+"/", func(c *gin.Context) { redirect(c, "../docs") })
	for _, name := range assetNames() {
		get(pagePath+"/"+name, a.with(a.asset))
	}
}

// with gives a handler the file of its path.
func (a *API) with(h func(*gin.Context, file)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if a.render(); a.failed != nil {
			id := opaque.Random(16)
			a.Log.ErrorContext(c.Request.Context(), "the API cannot be described", slog.String("request_id", id), slog.Any("error", a.failed))
			httpkit.WriteProblem(c.Writer, id, fault.From(a.failed))
			return
		}
		h(c, a.files[c.FullPath()])
	}
}

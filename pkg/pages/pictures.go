package pages

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
)

// Pictures serves the pictures that accounts show, to everybody who knows where they are: pages of
// every origin show them. Nothing in one can run, whoever opens it (OWASP ASVS 5.0 3.2.1).
type Pictures struct {
	Service *picture.Service
}

// Mount registers the one route. Whatever answers GET answers HEAD.
func (p *Pictures) Mount(r gin.IRoutes, kit *httpkit.Kit) {
	var routes []httpkit.Route
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		routes = append(routes, httpkit.Route{Method: method, Path: picture.Path + ":id", Access: anybody, Handle: p.serve})
	}
	kit.Mount(r, httpkit.Problems, routes)
}

func (p *Pictures) serve(c *httpkit.Call) (httpkit.Reply, error) {
	b, err := p.Service.Open(c.Context, c.Params.ByName("id"))
	if err != nil {
		return httpkit.Reply{}, err
	}
	kind, name := picture.JPEG, "avatar.jpg"
	if b.Type == picture.PNG {
		kind, name = picture.PNG, "avatar.png"
	}
	etag := `"` + b.ID + `"` // a picture never changes
	header := http.Header{
		"Cache-Control":                {"public, max-age=86400, immutable"},
		"Content-Disposition":          {`inline; filename="` + name + `"`},
		"Content-Security-Policy":      {"sandbox; default-src 'none'"},
		"Cross-Origin-Resource-Policy": {"cross-origin"},
		"Etag":                         {etag},
	}
	if matches(c.Request.Header.Values("If-None-Match"), etag) {
		return httpkit.Reply{Status: http.StatusNotModified, Header: header}, nil
	}
	return httpkit.Reply{Status: http.StatusOK, Header: header, Body: httpkit.Document{Type: kind, Content: b.Data}}, nil
}

// matches reports whether a client has what the tag names (RFC 9110 section 13.1.2).
func matches(ifNoneMatch []string, etag string) bool {
	for _, line := range ifNoneMatch {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

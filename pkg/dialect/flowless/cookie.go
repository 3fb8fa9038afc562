package flowless

import (
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// Cookie says how the cookie with the id of a session is set.
type Cookie struct {
	Path   string // where the dialect is mounted
	Secure bool   // the service is reached by https
}

func (c Cookie) header(value string, expires time.Time, age int) http.Header {
	cookie := http.Cookie{ //nolint:gosec // Secure is what the public URL is
		Name: httpkit.SessionCookie, Value: value, Path: c.Path, Expires: expires, MaxAge: age,
		HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode,
	}
	return http.Header{"Set-Cookie": {cookie.String()}}
}

func (c Cookie) cleared() http.Header { return c.header("", time.Unix(0, 0), -1) }

// opened answers whoever holds a new id, and has browsers keep it.
func (h *Handler) opened(g session.Grant, b body) (httpkit.Reply, error) {
	age := int(g.Session.ExpiresAt().Sub(h.Now()) / time.Second)
	reply, err := ok(b)
	reply.Header = h.Cookie.header(g.ID, g.Session.ExpiresAt(), age)
	return reply, err
}

package httpkit

import (
	"context"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Cookie says how the cookie with the id of a session is set.
type Cookie struct {
	Name   string
	Path   string
	Secure bool // the service is reached by https
}

// Set returns the header that has a browser keep an id until it expires (OWASP ASVS 3.3).
func (c Cookie) Set(id string, now, expires time.Time) http.Header {
	return c.header(id, expires, int(expires.Sub(now)/time.Second))
}

// Clear returns the header that has a browser forget it.
func (c Cookie) Clear() http.Header { return c.header("", time.Unix(0, 0), -1) }

func (c Cookie) header(value string, expires time.Time, age int) http.Header {
	cookie := http.Cookie{ //nolint:gosec // Secure is what the public URL is
		Name: c.Name, Value: value, Path: c.Path, Expires: expires, MaxAge: age,
		HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode,
	}
	return http.Header{"Set-Cookie": {cookie.String()}}
}

// Cookies returns the cookies that a request carries, by name, without those that came twice: of
// two, one is not ours, and nothing tells which.
func Cookies(r *http.Request) map[string]string {
	all, times := map[string]string{}, map[string]int{}
	for _, c := range r.Cookies() {
		all[c.Name] = c.Value
		times[c.Name]++
	}
	for name, n := range times {
		if n > 1 {
			delete(all, name)
		}
	}
	return all
}

// errCookies answers two cookies of one name: one of them is not ours, and nothing tells which.
var errCookies = fault.New(fault.Invalid, "conflicting_credentials", "the request carries two session cookies; delete the cookies of this site and sign in again")

// Foreign reports whether a page of an origin that is neither ours nor allowed had a browser send
// the request. Routes that a cookie opens refuse its writes by themselves; this is for reads
// that have an effect.
func (c *Call) Foreign() bool {
	as := c.Request.Clone(c.Context)
	as.Method = http.MethodPost
	return c.guard.Check(as) != nil
}

// errEmbedded answers what a page of another site has a browser load.
var errEmbedded = fault.New(fault.Forbidden, "cross_site", "go to this address; a page of another site may not load it as a part of itself")

// Visited refuses what a page of another site has a browser load as a part of itself, such as a
// picture or a frame, where browsers say so (Fetch Metadata: Sec-Fetch-Dest). A link that leads
// here is none of that. It is for navigations that use up a limit of whoever reads that page.
func Visited(h Handler) Handler {
	return func(c *Call) (Reply, error) {
		if dest := c.Request.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" && c.Foreign() {
			return Reply{}, errEmbedded
		}
		return h(c)
	}
}

// byCookie adds the user whose session id is in the cookie of a route. Where nobody in particular
// is asked for, an id that has gone stale is none.
func (k *Kit) byCookie(ctx context.Context, r *http.Request, actor identity.Actor, a Access) (identity.Actor, error) {
	if k.CrossOrigin.Check(r) != nil {
		return actor, errCrossSite
	}
	cookies := r.CookiesNamed(a.Cookie)
	switch {
	case len(cookies) > 1:
		return actor, errCookies
	case len(cookies) == 0 || cookies[0].Value == "":
		return actor, a.keyed(actor)
	}
	user, err := k.Sessions.AuthenticateID(ctx, actor.Client, cookies[0].Value)
	if err != nil {
		if a.Public && fault.From(err).Kind == fault.Unauthenticated {
			return actor, nil
		}
		return actor, err
	}
	actor.User, actor.Session = user.User, user.Session
	return actor, a.admits(actor)
}

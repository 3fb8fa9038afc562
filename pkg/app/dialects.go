package app

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/arguflow"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/flowless"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/native"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/openapi"
)

// place is where a dialect is served.
type place struct {
	config.Mount
	mount  func(gin.IRoutes, *httpkit.Kit)
	render httpkit.Renderer
	paths  []string // what it takes besides Prefix, if that is empty
}

// covers reports whether a path of its host goes to the place.
func (p place) covers(path string) bool {
	if p.paths == nil {
		return p.Prefix == "" || below(path, p.Prefix)
	}
	return slices.ContainsFunc(p.paths, func(short string) bool { return below(path, short) })
}

func below(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// places are all that the configuration has. The first one that covers a request is where it goes:
// those that take a whole host come last.
func (a *App) places() []place {
	var all []place
	for _, m := range a.Config.Flowless {
		all = append(all, place{Mount: m, mount: a.flowless(m).Mount, render: flowless.Render})
	}
	h, short := a.arguflow(), map[string]bool{}
	for _, m := range a.Config.Arguflow {
		if m.Prefix == "" {
			short[m.Host] = true // a whole host has the short paths already
		}
	}
	for _, m := range a.Config.Arguflow {
		all = append(all, place{Mount: m, mount: h.Mount, render: arguflow.Render})
		if m.Prefix != "" && !short[m.Host] {
			short[m.Host] = true
			all = append(all, place{Mount: config.Mount{Host: m.Host}, mount: h.MountShort, render: arguflow.Render, paths: arguflow.ShortPaths()})
		}
	}
	slices.SortStableFunc(all, func(p, q place) int {
		if whole := cmp.Compare(p.breadth(), q.breadth()); whole != 0 {
			return whole
		}
		return cmp.Compare(len(q.Prefix), len(p.Prefix))
	})
	return all
}

// breadth is 1 for a place that takes whatever its host has.
func (p place) breadth() int {
	if p.Prefix == "" && p.paths == nil {
		return 1
	}
	return 0
}

// mountDialects serves each dialect wherever it is configured and returns what has a host name of
// its own.
func (a *App) mountDialects(engine *gin.Engine, kit *httpkit.Kit) map[string]http.Handler {
	hosts := map[string]*gin.Engine{}
	for _, p := range a.placed {
		at := engine
		if p.Host != "" {
			if hosts[p.Host] == nil {
				hosts[p.Host] = newEngine(a.unrouted)
				a.mountHealth(hosts[p.Host])
			}
			at = hosts[p.Host]
		}
		p.mount(at.Group(p.Prefix), kit)
	}
	named := make(map[string]http.Handler, len(hosts))
	for name, own := range hosts {
		named[name] = own
	}
	return named
}

func (a *App) flowless(m config.Mount) *flowless.Handler {
	path := m.Prefix
	if path == "" {
		path = "/"
	}
	return &flowless.Handler{
		Signin: a.Signin, Sessions: a.Sessions, Accounts: a.Accounts, Bridge: a.Bridge, Pictures: a.Pictures, Social: a.Social, Now: a.Now,
		Base: a.baseOf(m), Cookie: httpkit.Cookie{Name: httpkit.SessionCookie, Path: path, Secure: a.https()},
		Limits: flowless.Limits{
			Login: a.Signin.Limits.Login, Register: a.Signin.Limits.Register, Refresh: a.Sessions.Refreshes,
			Me: policy("me", a.Config.LimitMe), Logout: policy("logout", a.Config.LimitLogout),
			Mail: a.Accounts.Limits.Mail, Proof: a.Accounts.Limits.Proof, Upload: a.Pictures.Uploads, Social: a.Social.Limits.Answer,
		},
	}
}

func (a *App) arguflow() *arguflow.Handler {
	return &arguflow.Handler{
		Signin: a.Signin, Sessions: a.Sessions, Accounts: a.Accounts, Now: a.Now,
		Cookie: httpkit.Cookie{Name: a.Config.ArguflowCookie, Path: "/", Secure: a.https()},
		Limits: arguflow.Limits{
			Login: a.Signin.Limits.Login, Register: a.Signin.Limits.Register, Invite: a.Signin.Limits.Invite,
			Me: policy("me", a.Config.LimitMe), Mail: a.Accounts.Limits.Mail, Proof: a.Accounts.Limits.Proof,
		},
	}
}

// parts describe the dialects that are below a path: a document has one host.
func (a *App) parts() []openapi.Part {
	var parts []openapi.Part
	for _, d := range []struct {
		name, yaml string
		at         []config.Mount
	}{{"flowless", flowless.Description(), a.Config.Flowless}, {"arguflow", arguflow.Description(a.Config.ArguflowCookie), a.Config.Arguflow}} {
		if i := slices.IndexFunc(d.at, func(m config.Mount) bool { return m.Host == "" }); i >= 0 {
			parts = append(parts, openapi.Part{Name: d.name, YAML: d.yaml, At: d.at[i].Prefix})
		}
	}
	return parts
}

// placeOf returns where a request goes, if that is a dialect's.
func (a *App) placeOf(r *http.Request) (place, bool) {
	host := httpkit.Hostname(r.Host)
	if !slices.ContainsFunc(a.placed, func(p place) bool { return p.Host == host }) {
		host = "" // as httpkit.Hosts has it
	}
	i := slices.IndexFunc(a.placed, func(p place) bool { return p.Host == host && p.covers(r.URL.Path) })
	if i < 0 {
		return place{}, false
	}
	return a.placed[i], true
}

// unrouted answers what reaches no route in the shape of whoever is mounted there.
func (a *App) unrouted(w http.ResponseWriter, r *http.Request, id string, f *fault.Error) {
	if p, ok := a.placeOf(r); ok {
		p.render(w, r, id, f)
		return
	}
	httpkit.WriteProblem(w, id, f)
}

// takesCookies reports whether a request goes to a dialect whose clients ask browsers to send
// cookies along: a browser gives them no answer that does not allow it. What a cookie alone
// vouches for is written only for pages of allowed origins, and of the Flowless dialect for
// pages of its own.
func (a *App) takesCookies(r *http.Request) bool {
	_, ok := a.placeOf(r)
	return ok || native.SetsCookie(r.URL.Path)
}

// crossOrigin lets the pages of allowed origins write where a cookie vouches.
func (a *App) crossOrigin() *http.CrossOriginProtection {
	guard := http.NewCrossOriginProtection()
	for _, origin := range a.Config.CORSOrigins {
		_ = guard.AddTrustedOrigin(origin) // the configuration has checked that it is one
	}
	return guard
}

// newEngine returns an engine without routes that answers faults by render.
func newEngine(render httpkit.Renderer) *gin.Engine {
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	_ = engine.SetTrustedProxies(nil) // addresses are httpkit's business; nil is always valid
	engine.NoRoute(func(c *gin.Context) { render(c.Writer, c.Request, opaque.Random(16), errNoRoute) })
	engine.NoMethod(func(c *gin.Context) { render(c.Writer, c.Request, opaque.Random(16), errNoMethod) })
	return engine
}

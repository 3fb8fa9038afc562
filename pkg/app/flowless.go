package app

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/flowless"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/openapi"
)

// mountFlowless serves the dialect wherever it is configured and returns what has a host name of
// its own.
func (a *App) mountFlowless(engine *gin.Engine, kit *httpkit.Kit) map[string]http.Handler {
	hosts := map[string]*gin.Engine{}
	for _, m := range a.Config.Flowless {
		at := engine
		if m.Host != "" {
			if hosts[m.Host] == nil {
				hosts[m.Host] = newEngine(a.unrouted)
				a.mountHealth(hosts[m.Host])
			}
			at = hosts[m.Host]
		}
		a.flowless(m).Mount(at.Group(m.Prefix), kit)
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
		Signin: a.Signin, Sessions: a.Sessions, Accounts: a.Accounts, Bridge: a.Bridge, Pictures: a.Pictures, Now: a.Now,
		Cookie: flowless.Cookie{Path: path, Secure: a.https()},
		Limits: flowless.Limits{
			Login: a.Signin.Limits.Login, Register: a.Signin.Limits.Register, Refresh: a.Sessions.Refreshes,
			Me: policy("me", a.Config.LimitMe), Logout: policy("logout", a.Config.LimitLogout),
			Mail: a.Accounts.Limits.Mail, Proof: a.Accounts.Limits.Proof, Upload: a.Pictures.Uploads,
		},
	}
}

// flowlessPart describes the dialect where it is below a path: a document has one host.
func (a *App) flowlessPart() []openapi.Part {
	for _, m := range a.Config.Flowless {
		if m.Host == "" {
			return []openapi.Part{{Name: "flowless", YAML: flowless.Description(), At: m.Prefix}}
		}
	}
	return nil
}

// unrouted answers what reaches no route in the shape of whoever is mounted there.
func (a *App) unrouted(w http.ResponseWriter, r *http.Request, id string, f *fault.Error) {
	for _, m := range a.Config.Flowless {
		at := m.Host == httpkit.Hostname(r.Host)
		if m.Host == "" {
			at = strings.HasPrefix(r.URL.Path, m.Prefix+"/")
		}
		if at {
			flowless.Render(w, r, id, f)
			return
		}
	}
	httpkit.WriteProblem(w, id, f)
}

// takesCookies reports whether a request goes to the dialect. Its official clients ask browsers to
// send cookies along, and a browser gives them no answer that does not allow it. What they hold
// a session by is the header: a cookie alone writes nothing from another origin.
func (a *App) takesCookies(r *http.Request) bool {
	for _, m := range a.Config.Flowless {
		if strings.HasPrefix(r.URL.Path, m.Prefix+"/") && (m.Host == "" || m.Host == httpkit.Hostname(r.Host)) {
			return true
		}
	}
	return false
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

package app

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/native"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/openapi"
)

var (
	errNoRoute  = fault.New(fault.NotFound, "not_found", "there is nothing here")
	errNoMethod = fault.New(fault.NotAllowed, "method_not_allowed", "this does not take that method")
)

// shieldStats is what the metrics read of the shield.
type shieldStats interface{ Panics() int64 }

func (a *App) buildHandler() error {
	gin.SetMode(gin.ReleaseMode)
	a.placed = a.places()
	engine := newEngine(a.unrouted)
	a.mountHealth(engine)
	mountClient(engine)
	a.metrics = newMetrics(a)
	kit := &httpkit.Kit{
		Sessions: a.Sessions, Keys: a.APIKeys, Bridge: a.Bridge, Fairness: a.fairness, Proxies: a.Config.TrustedProxies,
		CrossOrigin: a.crossOrigin(), Now: a.Now, Log: a.Log, Observe: a.metrics.observe, Tracer: a.tracing.tracer,
	}
	(&native.Handler{
		Signin: a.Signin, Sessions: a.Sessions, Accounts: a.Accounts, Invites: a.Invites, Handoffs: a.Handoffs,
		Social: a.Social, Secure: a.https(),
		Public: native.Public{Keys: a.Keys, PASETO: a.pasetoKeys, Issuer: a.Config.PublicURL, MaxAge: a.Config.JWKSMaxAge},
		Limits: native.Limits{
			Login: a.Signin.Limits.Login, Register: a.Signin.Limits.Register, Refresh: a.Sessions.Refreshes,
			Me: policy("me", a.Config.LimitMe), Logout: policy("logout", a.Config.LimitLogout),
			Mail: a.Accounts.Limits.Mail, Proof: a.Accounts.Limits.Proof, Social: a.Social.Limits.Answer,
		},
	}).Mount(engine, kit)
	if err := a.mountPages(engine, kit); err != nil {
		return err
	}
	hosts := a.mountDialects(engine, kit)
	a.API = &openapi.API{
		PublicURL: a.Config.PublicURL, Log: a.Log,
		Parts: append([]openapi.Part{{Name: "native", YAML: native.Description()}}, a.parts()...),
	}
	a.API.Mount(engine)
	shield := &httpkit.Shield{
		Next: httpkit.Hosts{Named: hosts, Rest: engine}, Origins: origins(a.Config.CORSOrigins), Cookies: a.takesCookies, HTTPS: a.https(), Render: a.unrouted, Log: a.Log,
	}
	a.handler, a.shield = shield, shield
	a.mountDevelopment(engine)
	return nil
}

// https reports whether clients reach the service by https.
func (a *App) https() bool { return strings.HasPrefix(a.Config.PublicURL, "https://") }

func origins(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, o := range list {
		set[o] = true
	}
	return set
}

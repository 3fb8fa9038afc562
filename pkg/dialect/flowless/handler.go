package flowless

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/picture"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// Handler answers the Flowless dialect. All fields are needed.
type Handler struct {
	Signin   *signin.Service
	Sessions *session.Service
	Accounts *account.Service
	Bridge   *bridge.Service
	Pictures *picture.Service
	Social   *social.Service
	Limits   Limits
	Cookie   httpkit.Cookie
	Base     string // the URL that the dialect is reached by, without a slash at its end
	Now      func() time.Time
}

// Limits are the budgets that the routes report.
type Limits struct {
	Login, Register, Refresh, Me, Logout, Mail, Proof, Upload, Social limit.Policy
}

// Mount registers the dialect's routes below wherever r stands.
func (h *Handler) Mount(r gin.IRoutes, kit *httpkit.Kit) { kit.Mount(r, Render, h.Routes()) }

// Routes returns every route of the dialect.
func (h *Handler) Routes() []httpkit.Route {
	routes := h.entry()
	for _, part := range [][]httpkit.Route{h.own(), h.pictures(), h.passwords(), h.links(), h.bridged(), h.administration(), h.social(), h.absent()} {
		routes = append(routes, part...)
	}
	for i := range routes {
		routes[i].Handle = holdingID(routes[i].Handle)
	}
	return routes
}

// Who may call a route.
var (
	anybody   = httpkit.Access{Public: true}
	user      = httpkit.Access{SessionID: true}
	admin     = httpkit.Access{SessionID: true, Admin: true}
	server    = httpkit.Access{Bridge: true}
	presenter = httpkit.Access{SessionID: true, Unchecked: true}
)

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// holdingID says that whoever calls this dialect holds a session by its id.
func holdingID(next httpkit.Handler) httpkit.Handler {
	return func(c *httpkit.Call) (httpkit.Reply, error) {
		c.Actor.HoldsID = true
		return next(c)
	}
}

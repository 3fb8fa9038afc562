package arguflow

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
)

// Handler answers the Arguflow dialect. All fields are needed.
type Handler struct {
	Signin   *signin.Service
	Sessions *session.Service
	Accounts *account.Service
	Limits   Limits
	Cookie   httpkit.Cookie
	Now      func() time.Time
}

// Limits are the budgets that the routes report.
type Limits struct {
	Login, Register, Invite, Me, Mail, Proof limit.Policy
}

// Mount registers the dialect's routes below wherever r stands.
func (h *Handler) Mount(r gin.IRoutes, kit *httpkit.Kit) { kit.Mount(r, Render, h.Routes()) }

// MountShort registers the routes that the dialect's documents also write without its path.
func (h *Handler) MountShort(r gin.IRoutes, kit *httpkit.Kit) {
	kit.Mount(r, Render, slices.DeleteFunc(h.Routes(), func(route httpkit.Route) bool {
		return !slices.ContainsFunc(ShortPaths(), func(path string) bool {
			return route.Path == path || strings.HasPrefix(route.Path, path+"/")
		})
	}))
}

// ShortPaths are what the routes of MountShort are, or begin with before a slash.
func ShortPaths() []string { return []string{"/invitation", "/register", "/password"} }

// Routes returns every route of the dialect.
func (h *Handler) Routes() []httpkit.Route {
	anybody := httpkit.Access{Public: true, Cookie: h.Cookie.Name}
	user := httpkit.Access{Cookie: h.Cookie.Name}
	choosing := httpkit.Spellings{Services: map[string]string{"password": "newPassword"}} // there is no old one beside it here
	return []httpkit.Route{
		{Method: http.MethodPost, Path: "/invitation", Access: anybody, Limit: h.Limits.Invite, Handle: httpkit.JSON(h.invite)},
		{Method: http.MethodPost, Path: "/register/:invitation_id", Access: anybody, Limit: h.Limits.Register, Handle: httpkit.JSON(h.register)},
		{Method: http.MethodPost, Path: "/auth", Access: anybody, Limit: h.Limits.Login, Handle: httpkit.JSON(h.signIn)},
		{Method: http.MethodDelete, Path: "/auth", Access: anybody, Handle: h.signOut},
		{Method: http.MethodGet, Path: "/auth", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.me},
		{Method: http.MethodGet, Path: "/password/:email", Access: anybody, Limit: h.Limits.Mail, Handle: h.mailReset},
		{Method: http.MethodPost, Path: "/password", Access: anybody, Limit: h.Limits.Proof, Handle: httpkit.Spelled(choosing, h.reset)},
		{Method: http.MethodPut, Path: "/user", Access: user, Limit: h.Limits.Me, Fair: true, Handle: httpkit.JSON(h.update)},
		{Method: http.MethodGet, Path: "/health", Access: anybody, Handle: h.health},
	}
}

func (*Handler) health(*httpkit.Call) (httpkit.Reply, error) {
	return httpkit.Reply{Status: http.StatusOK}, nil
}

package flowless

import (
	"cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// entry are the ways in and out.
func (h *Handler) entry() []httpkit.Route {
	register := httpkit.Spelled(profileNames(invitation, verified), h.register)
	login := httpkit.Spelled(httpkit.Spellings{Same: map[string]string{
		"userName": "username", "user_name": "username", "device_id": "deviceId",
	}}, h.login)
	return []httpkit.Route{
		{Method: post, Path: "/auth/register", Access: httpkit.Access{Public: true, SessionID: true}, Limit: h.Limits.Register, Handle: register},
		{Method: post, Path: "/auth/register/public", Access: server, Limit: h.Limits.Register, Handle: register},
		{Method: post, Path: "/auth/login", Access: anybody, Limit: h.Limits.Login, Handle: login},
		{Method: post, Path: "/auth/logout", Access: user, Limit: h.Limits.Logout, Fair: true, Handle: h.logout},
		{Method: post, Path: "/auth/refresh", Access: presenter, Limit: h.Limits.Refresh, Handle: h.refresh},
		{Method: post, Path: "/auth/refresh-session", Access: presenter, Limit: h.Limits.Refresh, Handle: h.refresh},
		{Method: get, Path: "/auth/validation", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.validation},
		{Method: get, Path: "/auth/validate-session", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.validation},
		{Method: get, Path: "/health", Access: anybody, Handle: h.health},
	}
}

type registerRequest struct {
	Email          string `json:"email"`
	Password       string `json:"password"`
	InvitationCode string `json:"invitationCode"`
	UserName       string `json:"userName"`
	UserType       string `json:"userType"`
	Verified       *bool  `json:"isVerified"`
	DeviceID       string `json:"deviceId"`
	profileMembers
}

func (q registerRequest) draft() account.Draft {
	return account.Draft{Email: q.Email, Password: q.Password, Username: q.UserName, Profile: q.profile()}
}

// register is three doors in one, as the documents have it: an administrator makes an account for
// somebody; everybody else makes their own.
func (h *Handler) register(c *httpkit.Call, q registerRequest) (httpkit.Reply, error) {
	if c.Actor.User != nil && c.Actor.User.IsAdmin() {
		return h.createUser(c, q)
	}
	c.Actor.User, c.Actor.Session = nil, nil // who is signed in already makes another account like anybody
	c.Actor.Client = httpkit.NamedDevice(c.Actor.Client, q.DeviceID)
	g, signedIn, err := h.Signin.Register(c.Context, c.Actor, q.draft(), q.InvitationCode)
	switch {
	case err != nil:
		return httpkit.Reply{}, err
	case !signedIn:
		return ok(pendingRegistration(h.user(g.User)))
	default:
		return h.opened(g, registered(h.user(g.User), g))
	}
}

type loginRequest struct {
	Email    string `json:"email"`
	Username string `json:"username"`
	Password string `json:"password"`
	DeviceID string `json:"deviceId"`
}

// login takes the e-mail address or the user name in either member: the documents have it so. Of
// both, the first counts.
func (h *Handler) login(c *httpkit.Call, q loginRequest) (httpkit.Reply, error) {
	name := cmp.Or(q.Email, q.Username)
	if name == "" {
		return httpkit.Reply{}, fault.InvalidField("email", "required", "email or username is required")
	}
	c.Actor.Client = httpkit.NamedDevice(c.Actor.Client, q.DeviceID)
	return h.signedIn(h.Signin.PasswordOf(c.Context, c.Actor, name, q.Password))
}

// signedIn answers whoever has just come in.
func (h *Handler) signedIn(g session.Grant, err error) (httpkit.Reply, error) {
	if err != nil {
		return httpkit.Reply{}, err
	}
	return h.opened(g, login(h.user(g.User), g))
}

func (h *Handler) logout(c *httpkit.Call) (httpkit.Reply, error) {
	if err := h.Sessions.SignOut(c.Context, c.Actor, session.This); err != nil {
		return httpkit.Reply{}, err
	}
	reply, err := message("Logged out successfully")
	reply.Header = h.Cookie.Clear()
	return reply, err
}

func (h *Handler) refresh(c *httpkit.Call) (httpkit.Reply, error) {
	id, err := httpkit.SessionID(c.Request)
	if err != nil {
		return httpkit.Reply{}, err
	}
	if id.Value == "" {
		return httpkit.Reply{}, httpkit.ErrNoSessionID
	}
	g, err := h.Sessions.RenewID(c.Context, c.Actor, id.Value)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return h.opened(g, renewed(g))
}

func (h *Handler) validation(c *httpkit.Call) (httpkit.Reply, error) {
	return ok(validated(h.user(*c.Actor.User), *c.Actor.Session))
}

func (h *Handler) health(*httpkit.Call) (httpkit.Reply, error) {
	return ok(map[string]any{"success": true, "status": "ok", "timestamp": h.Now()})
}

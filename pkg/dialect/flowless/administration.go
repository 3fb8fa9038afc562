package flowless

import (
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// administration are the routes of administrators.
func (h *Handler) administration() []httpkit.Route {
	create := httpkit.Spelled(profileNames(invitation, verified), h.createUser)
	update := httpkit.Spelled(profileNames(verified), h.updateUser)
	return []httpkit.Route{
		{Method: get, Path: "/auth/users", Access: admin, Handle: h.searchUsers},
		{Method: post, Path: "/auth/users", Access: admin, Handle: create},
		{Method: get, Path: "/auth/users/:id", Access: admin, Handle: h.inspectUser},
		{Method: put, Path: "/auth/users/:id", Access: admin, Handle: update},
		{Method: del, Path: "/auth/users/:id", Access: admin, Handle: h.deleteUser},
		{Method: get, Path: "/auth/admin/users/:id", Access: admin, Handle: h.inspectUser},
		{Method: put, Path: "/auth/admin/users/:id", Access: admin, Handle: update},
	}
}

type updateUserRequest struct {
	Email    *string `json:"email"`
	UserName *string `json:"userName"`
	UserType *string `json:"userType"`
	Verified *bool   `json:"isVerified"`
	profileMembers
}

func (h *Handler) updateUser(c *httpkit.Call, q updateUserRequest) (httpkit.Reply, error) {
	u, err := h.Accounts.Set(c.Context, c.Actor, id(c.Params.ByName("id")), account.Setting{
		UserType: q.UserType, Verified: q.Verified, Email: q.Email, Username: q.UserName, Profile: q.profile(),
	})
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(whoIs(h.user(u)))
}

func (h *Handler) deleteUser(c *httpkit.Call) (httpkit.Reply, error) {
	if _, err := h.Accounts.Delete(c.Context, c.Actor, id(c.Params.ByName("id"))); err != nil {
		return httpkit.Reply{}, err
	}
	return message("User deleted successfully")
}

func (h *Handler) inspectUser(c *httpkit.Call) (httpkit.Reply, error) {
	u, sessions, err := h.Accounts.Inspect(c.Context, c.Actor, id(c.Params.ByName("id")))
	if err != nil {
		return httpkit.Reply{}, err
	}
	list := make([]body, 0, len(sessions))
	for _, s := range sessions {
		list = append(list, listed(s))
	}
	user := with(h.user(u), body{"sessions": list, "sessionCount": len(list)})
	return ok(whoIs(user))
}

// shownID is how much of a session's public id tells it from others at a glance.
const shownID = 3

// listed is a session as an administrator sees it. Its id is a handle: nobody gets in by it.
func listed(s identity.Session) body {
	return body{
		"id": s.ID, "sessionPrefix": "ses_" + s.ID[:shownID], "ipAddress": text(s.Client.IP), "userAgent": text(s.Client.UserAgent),
		"userDevice": device(s.Client.UserAgent), "lastUsedAt": s.LastUsedAt, "createdAt": s.CreatedAt,
		"expiresAt": s.ExpiresAt(), "status": "active",
	}
}

// device guesses what sort of device a client runs on.
func device(userAgent string) string {
	switch {
	case userAgent == "":
		return "unknown"
	case strings.Contains(userAgent, "iPad") || strings.Contains(userAgent, "Tablet"):
		return "tablet"
	case strings.Contains(userAgent, "Mobi"):
		return "mobile"
	default:
		return "desktop"
	}
}

// id keeps an address from naming an account here, where it would stand in the logs of proxies.
func id(named string) string {
	if strings.Contains(named, "@") {
		return ""
	}
	return named
}

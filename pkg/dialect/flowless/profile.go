package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// own are the routes about the caller's own account.
func (h *Handler) own() []httpkit.Route {
	edit := httpkit.Spelled(profileNames(), h.edit)
	return []httpkit.Route{
		{Method: get, Path: "/auth/me", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.me},
		{Method: get, Path: "/auth/user/me", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.me},
		{Method: put, Path: "/auth/user/me", Access: user, Limit: h.Limits.Me, Fair: true, Handle: edit},
		{Method: put, Path: "/auth/profile", Access: user, Limit: h.Limits.Me, Fair: true, Handle: edit},
		{Method: put, Path: "/auth/update", Access: user, Limit: h.Limits.Me, Fair: true, Handle: edit},
	}
}

func (h *Handler) me(c *httpkit.Call) (httpkit.Reply, error) { return ok(whoIs(h.user(*c.Actor.User))) }

type editRequest struct {
	Email           *string `json:"email"`
	UserName        *string `json:"userName"`
	CurrentPassword string  `json:"currentPassword"`
	profileMembers
}

func (h *Handler) edit(c *httpkit.Call, q editRequest) (httpkit.Reply, error) {
	u, pending, err := h.Accounts.Edit(c.Context, c.Actor, account.Edit{
		Profile: q.profile(), Username: q.UserName, Email: q.Email, Password: q.CurrentPassword,
	})
	if err != nil {
		return httpkit.Reply{}, err
	}
	answer := whoIs(h.user(u))
	if pending != "" {
		both(answer, "pending_email", "pendingEmail", pending)
		answer["message"] = "Check the inbox of the new address: it becomes yours when you follow the link there."
	}
	return ok(answer)
}

package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// passwords are the routes that change or recover one.
func (h *Handler) passwords() []httpkit.Route {
	change := httpkit.Spellings{Same: map[string]string{
		"current_password": "currentPassword", "new_password": "newPassword", "user_id": "userId",
	}}
	ask := httpkit.Spellings{Same: map[string]string{"reset_url": "resetUrl"}}
	reset := httpkit.Spellings{Same: map[string]string{"password": "newPassword", "new_password": "newPassword"}}
	complete := httpkit.Spelled(reset, h.resetPassword)
	check := httpkit.Spelled(httpkit.Spellings{}, h.checkReset)
	return []httpkit.Route{
		{Method: post, Path: "/auth/password-reset/request", Access: anybody, Limit: h.Limits.Mail, Handle: httpkit.Spelled(ask, h.askReset("If your email is registered, you will receive password reset instructions."))},
		{Method: post, Path: "/auth/forgot-password", Access: anybody, Limit: h.Limits.Mail, Handle: httpkit.Spelled(ask, h.askReset("Password reset email sent"))},
		{Method: post, Path: "/auth/password-reset/validate", Access: anybody, Limit: h.Limits.Proof, Handle: check},
		{Method: get, Path: "/auth/password-reset/validate", Access: anybody, Limit: h.Limits.Proof, Handle: h.checkResetQuery},
		{Method: get, Path: "/auth/password-reset/validate/:token", Access: anybody, Limit: h.Limits.Proof, Handle: h.checkResetPath},
		{Method: post, Path: "/auth/password-reset/complete", Access: anybody, Limit: h.Limits.Proof, Handle: complete},
		{Method: post, Path: "/auth/password-reset/reset", Access: anybody, Limit: h.Limits.Proof, Handle: complete},
		{Method: post, Path: "/auth/reset-password", Access: anybody, Limit: h.Limits.Proof, Handle: complete},
		{Method: post, Path: "/auth/password-change/self", Access: user, Limit: h.Limits.Login, Handle: httpkit.Spelled(change, h.changePassword("Password updated successfully"))},
		{Method: post, Path: "/auth/change-password", Access: user, Limit: h.Limits.Login, Handle: httpkit.Spelled(change, h.changePassword("Password changed successfully"))},
		{Method: post, Path: "/auth/password-change/admin", Access: admin, Handle: httpkit.Spelled(change, h.setPassword)},
	}
}

type askResetRequest struct {
	Email    string `json:"email"`
	ResetURL string `json:"resetUrl"`
}

// askReset answers the same for every address.
func (h *Handler) askReset(answer string) func(*httpkit.Call, askResetRequest) (httpkit.Reply, error) {
	return func(c *httpkit.Call, q askResetRequest) (httpkit.Reply, error) {
		if err := h.Accounts.RequestReset(c.Context, c.Actor, q.Email, q.ResetURL); err != nil {
			return httpkit.Reply{}, err
		}
		return message(answer)
	}
}

type tokenRequest struct {
	Token string `json:"token"`
}

func (h *Handler) checkReset(c *httpkit.Call, q tokenRequest) (httpkit.Reply, error) {
	return h.goodReset(c, q.Token)
}

func (h *Handler) checkResetQuery(c *httpkit.Call) (httpkit.Reply, error) {
	return h.goodReset(c, c.Request.URL.Query().Get("token"))
}

func (h *Handler) checkResetPath(c *httpkit.Call) (httpkit.Reply, error) {
	return h.goodReset(c, c.Params.ByName("token"))
}

// goodReset tells whether the token of a mailed link may still be used, and uses nothing up.
func (h *Handler) goodReset(c *httpkit.Call, token string) (httpkit.Reply, error) {
	if _, _, err := h.Accounts.Peek(c.Context, c.Actor, identity.ResetPassword, token); err != nil {
		return httpkit.Reply{}, err
	}
	return ok(goodToken())
}

type resetRequest struct {
	Token       string `json:"token"`
	NewPassword string `json:"newPassword"`
}

func (h *Handler) resetPassword(c *httpkit.Call, q resetRequest) (httpkit.Reply, error) {
	if err := h.Accounts.ResetPassword(c.Context, c.Actor, q.Token, q.NewPassword); err != nil {
		return httpkit.Reply{}, err
	}
	return message("Password reset successfully")
}

type changePasswordRequest struct {
	CurrentPassword string `json:"currentPassword"`
	NewPassword     string `json:"newPassword"`
	UserID          string `json:"userId"`
}

// changePassword ends every session of the account and answers with a new one, so that whoever
// changed it stays signed in.
func (h *Handler) changePassword(answer string) func(*httpkit.Call, changePasswordRequest) (httpkit.Reply, error) {
	return func(c *httpkit.Call, q changePasswordRequest) (httpkit.Reply, error) {
		if q.UserID != "" {
			return httpkit.Reply{}, fault.InvalidField("userId", "unknown_field", "userId is for administrators")
		}
		g, err := h.Accounts.ChangePassword(c.Context, c.Actor, q.CurrentPassword, q.NewPassword)
		if err != nil {
			return httpkit.Reply{}, err
		}
		b := with(renewed(g), body{"message": answer})
		both(b, "session_id", "sessionId", g.ID)
		both(b, "expires_at", "expiresAt", g.Session.ExpiresAt())
		return h.opened(g, b)
	}
}

func (h *Handler) setPassword(c *httpkit.Call, q changePasswordRequest) (httpkit.Reply, error) {
	if q.UserID == "" || q.CurrentPassword != "" {
		return httpkit.Reply{}, fault.InvalidField("userId", "required", "userId and newPassword are required, and nothing else")
	}
	if err := h.Accounts.SetPassword(c.Context, c.Actor, id(q.UserID), q.NewPassword); err != nil {
		return httpkit.Reply{}, err
	}
	return message("Password updated successfully. User will need to log in again.")
}

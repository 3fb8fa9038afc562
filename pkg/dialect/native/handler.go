package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// Handler answers the native dialect. All fields are needed.
type Handler struct {
	Signin   *signin.Service
	Sessions *session.Service
	Accounts *account.Service
	Invites  *invite.Service
	Handoffs *handoff.Service
	Social   *social.Service
	Public   Public
	Limits   Limits
	Secure   bool // clients reach the service by https
}

// Limits are the budgets that the routes report.
type Limits struct {
	Login, Register, Refresh, Me, Logout, Mail, Proof, Social limit.Policy
}

// Mount registers the dialect's routes: its table of contents.
func (h *Handler) Mount(r gin.IRoutes, kit *httpkit.Kit) {
	kit.Mount(r, httpkit.Problems, h.Routes())
	h.Public.Mount(r)
}

// Routes returns every route of the dialect but the public documents.
func (h *Handler) Routes() []httpkit.Route {
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	key := httpkit.Access{Key: true}
	user := httpkit.Access{Bearer: true}
	anybody := httpkit.Access{Public: true}
	inviter := httpkit.Access{Bearer: true, Admin: true, Scope: identity.ScopeInvitationsWrite}
	return []httpkit.Route{
		{Method: post, Path: "/auth/register", Access: key, Limit: h.Limits.Register, Handle: httpkit.JSON(h.register)},
		{Method: post, Path: "/auth/login", Access: key, Limit: h.Limits.Login, Handle: httpkit.JSON(h.login)},
		{Method: post, Path: "/auth/refreshToken", Access: anybody, Limit: h.Limits.Refresh, Handle: httpkit.JSON(h.refresh)},
		{Method: post, Path: "/auth/logout", Access: user, Limit: h.Limits.Logout, Fair: true, Handle: httpkit.OptionalJSON(h.logout)},
		{Method: post, Path: "/auth/changePassword", Access: httpkit.Access{Bearer: true, Scope: identity.ScopeUsersWrite}, Limit: h.Limits.Login, Handle: httpkit.JSON(h.changePassword)},
		{Method: get, Path: "/auth/me", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.me},
		{Method: patch, Path: "/auth/me", Access: user, Limit: h.Limits.Me, Fair: true, Handle: httpkit.JSON(h.updateMe)},
		{Method: del, Path: "/auth/me", Access: user, Limit: h.Limits.Login, Handle: httpkit.JSON(h.deleteMe)},
		{Method: get, Path: "/auth/sessions", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.sessions},
		{Method: del, Path: "/auth/sessions/:handle", Access: user, Limit: h.Limits.Logout, Fair: true, Handle: h.endSession},
		{Method: post, Path: "/auth/generateInvitationCode", Access: inviter, Handle: httpkit.OptionalJSON(h.createInvitations)},
		{Method: get, Path: "/auth/invitationCodes", Access: inviter, Handle: h.listInvitations},
		{Method: post, Path: "/auth/invitationCodes/:id/resend", Access: inviter, Handle: h.resendInvitation},
		{Method: del, Path: "/auth/invitationCodes/:id", Access: inviter, Handle: h.revokeInvitation},
		{Method: post, Path: "/auth/forgotPassword", Access: anybody, Limit: h.Limits.Mail, Handle: httpkit.JSON(h.forgotPassword)},
		{Method: post, Path: "/auth/resetPassword", Access: anybody, Limit: h.Limits.Proof, Handle: httpkit.JSON(h.resetPassword)},
		{Method: post, Path: "/auth/verifyEmail", Access: anybody, Limit: h.Limits.Proof, Handle: httpkit.JSON(h.verifyEmail)},
		{Method: post, Path: "/auth/resendVerification", Access: httpkit.Access{Public: true, Bearer: true}, Limit: h.Limits.Mail, Handle: httpkit.OptionalJSON(h.resendVerification)},
		{Method: post, Path: "/auth/changeEmail", Access: user, Limit: h.Limits.Login, Handle: httpkit.JSON(h.changeEmail)},
		{Method: post, Path: "/auth/cancelEmailChange", Access: anybody, Limit: h.Limits.Proof, Handle: httpkit.JSON(h.cancelEmailChange)},
		{Method: get, Path: "/auth/social/providers", Access: anybody, Handle: h.providers},
		{Method: post, Path: "/auth/social/:provider/login-api", Access: key, Limit: h.Limits.Social, Handle: httpkit.JSON(h.socialLogin)},
		{Method: post, Path: "/auth/social/:provider/link", Access: user, Limit: h.Limits.Social, Handle: httpkit.OptionalJSON(h.link)},
		{Method: get, Path: "/auth/social/accounts", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.accounts},
		{Method: del, Path: "/auth/social/accounts/:provider", Access: user, Limit: h.Limits.Me, Fair: true, Handle: h.unlink},
		{Method: post, Path: "/auth/handoff", Access: httpkit.Access{Bearer: true, Key: true}, Handle: httpkit.OptionalJSON(h.handoff)},
		{Method: post, Path: "/auth/introspect", Access: httpkit.Access{Scope: identity.ScopeTokensRead}, Handle: httpkit.Token(h.introspect)},
		{Method: post, Path: "/auth/revoke", Access: key, Handle: httpkit.Token(h.revoke)},
	}
}

func ok(body any) (httpkit.Reply, error) {
	return httpkit.Reply{Status: http.StatusOK, Body: body}, nil
}

func done(err error) (httpkit.Reply, error) { return httpkit.Reply{Status: http.StatusNoContent}, err }

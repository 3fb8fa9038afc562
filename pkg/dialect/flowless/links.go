package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// links are the routes of mailed links but those of passwords: proving an address, and signing
// in without a password.
func (h *Handler) links() []httpkit.Route {
	plain := httpkit.Spellings{}
	enter := httpkit.Spellings{
		Same:     map[string]string{"redirectUrl": "redirect_url", "device_id": "deviceId", "email": "identifier"},
		Services: map[string]string{"identifier": "email", "redirect_url": "redirectUrl"},
	}
	return []httpkit.Route{
		{Method: post, Path: "/auth/verify-email", Access: anybody, Limit: h.Limits.Proof, Handle: httpkit.Spelled(plain, h.verifyEmail)},
		{Method: post, Path: "/auth/resend-verification", Access: httpkit.Access{SessionID: true, Bridge: true}, Limit: h.Limits.Mail, Handle: httpkit.OptionalSpelled(plain, h.resendVerification)},
		{Method: post, Path: "/auth/token/login", Access: httpkit.Access{Public: true, Bridge: true}, Limit: h.Limits.Proof, Handle: httpkit.Spelled(enter, h.enter)},
		{Method: post, Path: "/auth/token/create", Access: server, Limit: h.Limits.Mail, Handle: httpkit.Spelled(enter, h.askLink)},
		{Method: get, Path: "/auth/token/validate", Access: anybody, Limit: h.Limits.Proof, Handle: h.checkLinkQuery},
		{Method: post, Path: "/auth/token/validate", Access: anybody, Limit: h.Limits.Proof, Handle: httpkit.Spelled(plain, h.checkLink)},
	}
}

func (h *Handler) verifyEmail(c *httpkit.Call, q tokenRequest) (httpkit.Reply, error) {
	if _, err := h.Accounts.VerifyEmail(c.Context, c.Actor, q.Token); err != nil {
		return httpkit.Reply{}, err
	}
	return message("Email verified successfully")
}

type emailRequest struct {
	Email string `json:"email"`
}

// resendVerification takes the address of whoever is signed in, and from a server one in the
// body.
func (h *Handler) resendVerification(c *httpkit.Call, q emailRequest) (httpkit.Reply, error) {
	answer, email := "If your email is registered, you will receive a verification email.", q.Email
	if c.Actor.User != nil {
		if q.Email != "" && q.Email != c.Actor.User.Email {
			return httpkit.Reply{}, fault.InvalidField("email", "unknown_field", "who is signed in asks for their own address")
		}
		answer, email = "Verification email sent", c.Actor.User.Email
	}
	if err := h.Accounts.RequestVerification(c.Context, c.Actor, email); err != nil {
		return httpkit.Reply{}, err
	}
	return ok(body{"success": true, "message": answer, "verification_sent": true})
}

// enterRequest asks for a link, or uses one.
type enterRequest struct {
	Identifier  string `json:"identifier"`
	Type        string `json:"type"`
	RedirectURL string `json:"redirect_url"`
	Token       string `json:"token"`
	DeviceID    string `json:"deviceId"`
}

func (h *Handler) enter(c *httpkit.Call, q enterRequest) (httpkit.Reply, error) {
	switch {
	case q.Token != "" && q.Identifier+q.Type+q.RedirectURL != "":
		return httpkit.Reply{}, fault.InvalidField("token", "duplicate_field", "send a token to sign in, or an identifier to be mailed one")
	case q.Token != "":
		c.Actor.Client = httpkit.NamedDevice(c.Actor.Client, q.DeviceID)
		return h.signedIn(h.Signin.Link(c.Context, c.Actor, q.Token))
	case !c.Actor.Bridge:
		return httpkit.Reply{}, httpkit.ErrNoBridge
	default:
		return h.askLink(c, q)
	}
}

func (h *Handler) askLink(c *httpkit.Call, q enterRequest) (httpkit.Reply, error) {
	switch {
	case q.Token != "":
		return httpkit.Reply{}, fault.InvalidField("token", "unknown_field", "a token is mailed, not given")
	case q.Type != "" && q.Type != "email":
		return httpkit.Reply{}, fault.InvalidField("type", "unknown_value", "type is email")
	}
	if err := h.Accounts.RequestSignIn(c.Context, c.Actor, q.Identifier, q.RedirectURL); err != nil {
		return httpkit.Reply{}, err
	}
	return message("If your email is registered, you will receive a sign-in link.")
}

func (h *Handler) checkLink(c *httpkit.Call, q tokenRequest) (httpkit.Reply, error) {
	return h.goodLink(c, q.Token)
}

func (h *Handler) checkLinkQuery(c *httpkit.Call) (httpkit.Reply, error) {
	return h.goodLink(c, c.Request.URL.Query().Get("token"))
}

// goodLink tells whose sign-in link it is, if it may still be used, and uses nothing up.
func (h *Handler) goodLink(c *httpkit.Call, token string) (httpkit.Reply, error) {
	u, _, err := h.Accounts.Peek(c.Context, c.Actor, identity.SignIn, token)
	if err != nil {
		return httpkit.Reply{}, err
	}
	proof, _ := u.Proof(identity.SignIn)
	b := with(goodToken(), body{"user": h.user(u), "tokenType": "token_login"})
	both(b, "expires_at", "expiresAt", proof.ExpiresAt)
	return ok(b)
}

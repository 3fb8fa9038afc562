package native

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// onItsWay is the one answer to everybody who asks for a mail, whoever they are.
var onItsWay = httpkit.Reply{
	Status: http.StatusAccepted,
	Body:   messageResponse{"if there is something to send to that address, it is on its way"},
}

type emailRequest struct {
	Email string `json:"email"`
}

func (h *Handler) forgotPassword(c *httpkit.Call, q emailRequest) (httpkit.Reply, error) {
	return onItsWay, h.Accounts.RequestReset(c.Context, c.Actor, q.Email, "")
}

// resendVerification takes the address of whoever is signed in, and else one from the body.
func (h *Handler) resendVerification(c *httpkit.Call, q emailRequest) (httpkit.Reply, error) {
	switch {
	case c.Actor.User == nil:
		return onItsWay, h.Accounts.RequestVerification(c.Context, c.Actor, q.Email)
	case q.Email != "":
		return httpkit.Reply{}, fault.InvalidField("email", "unknown_field", "who is signed in asks for their own address")
	default:
		return onItsWay, h.Accounts.RequestVerification(c.Context, c.Actor, c.Actor.User.Email)
	}
}

type tokenRequest struct {
	Token string `json:"token"`
}

func (h *Handler) verifyEmail(c *httpkit.Call, q tokenRequest) (httpkit.Reply, error) {
	_, err := h.Accounts.VerifyEmail(c.Context, c.Actor, q.Token)
	return done(err)
}

func (h *Handler) cancelEmailChange(c *httpkit.Call, q tokenRequest) (httpkit.Reply, error) {
	return done(h.Accounts.CancelEmailChange(c.Context, c.Actor, q.Token))
}

type resetRequest struct {
	Token       string `json:"token"`
	NewPassword string `json:"newPassword"`
}

func (h *Handler) resetPassword(c *httpkit.Call, q resetRequest) (httpkit.Reply, error) {
	return done(h.Accounts.ResetPassword(c.Context, c.Actor, q.Token, q.NewPassword))
}

type changeEmailRequest struct {
	NewEmail        string `json:"newEmail"`
	CurrentPassword string `json:"currentPassword"`
}

func (h *Handler) changeEmail(c *httpkit.Call, q changeEmailRequest) (httpkit.Reply, error) {
	return onItsWay, h.Accounts.ChangeEmail(c.Context, c.Actor, q.NewEmail, q.CurrentPassword)
}

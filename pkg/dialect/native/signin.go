package native

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

type registerRequest struct {
	Email          string  `json:"email"`
	Password       string  `json:"password"`
	Name           *string `json:"name"`
	LastName       *string `json:"lastName"`
	InvitationCode string  `json:"invitationCode"`
}

func (h *Handler) register(c *httpkit.Call, q registerRequest) (httpkit.Reply, error) {
	draft := account.Draft{
		Email: q.Email, Password: q.Password,
		Profile: account.ProfileChange{Name: q.Name, LastName: q.LastName},
	}
	grant, signedIn, err := h.Signin.Register(c.Context, c.Actor, draft, q.InvitationCode)
	switch {
	case err != nil:
		return httpkit.Reply{}, err
	case !signedIn:
		return httpkit.Reply{Status: http.StatusAccepted, Body: messageResponse{"check your e-mail to finish registering"}}, nil
	default:
		return httpkit.Reply{Status: http.StatusCreated, Body: authorization(grant)}, nil
	}
}

type loginRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func (h *Handler) login(c *httpkit.Call, q loginRequest) (httpkit.Reply, error) {
	return granted(h.Signin.Password(c.Context, c.Actor, q.Email, q.Password))
}

type refreshRequest struct {
	RefreshToken string `json:"refreshToken"`
}

func (h *Handler) refresh(c *httpkit.Call, q refreshRequest) (httpkit.Reply, error) {
	return granted(h.Sessions.Refresh(c.Context, c.Actor, q.RefreshToken))
}

func granted(g session.Grant, err error) (httpkit.Reply, error) {
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(authorization(g))
}

type logoutRequest struct {
	Scope session.Scope `json:"scope"`
}

func (h *Handler) logout(c *httpkit.Call, q logoutRequest) (httpkit.Reply, error) {
	return done(h.Sessions.SignOut(c.Context, c.Actor, q.Scope))
}

// changePasswordRequest is one of two forms: the user's own, with the current password, or a
// server's, with a name. Which one is asked for depends on the credential.
type changePasswordRequest struct {
	CurrentPassword *string `json:"currentPassword"`
	NewPassword     string  `json:"newPassword"`
	LocalID         *string `json:"localId"`
	Email           *string `json:"email"`
}

func (h *Handler) changePassword(c *httpkit.Call, q changePasswordRequest) (httpkit.Reply, error) {
	if c.Actor.User != nil {
		if err := forbid(given{"localId", q.LocalID}, given{"email", q.Email}); err != nil {
			return httpkit.Reply{}, err
		}
		current := ""
		if c.Actor.User.HasPassword() {
			var err error
			if current, err = require(given{"currentPassword", q.CurrentPassword}); err != nil {
				return httpkit.Reply{}, err
			}
		}
		return granted(h.Accounts.ChangePassword(c.Context, c.Actor, current, q.NewPassword))
	}
	if err := forbid(given{"currentPassword", q.CurrentPassword}); err != nil {
		return httpkit.Reply{}, err
	}
	name, err := require(given{"localId", q.LocalID}, given{"email", q.Email})
	if err != nil {
		return httpkit.Reply{}, err
	}
	return done(h.Accounts.SetPassword(c.Context, c.Actor, name, q.NewPassword))
}

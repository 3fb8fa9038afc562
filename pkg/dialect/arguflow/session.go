package arguflow

import (
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/signin"
)

// errNothing answers a sign-in without a name or without a password.
var errNothing = fault.New(fault.Invalid, "invalid_input", "Email or password is empty")

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// signIn opens a session of its own, whatever cookie came along.
func (h *Handler) signIn(c *httpkit.Call, q credentials) (httpkit.Reply, error) {
	if q.Email == "" || q.Password == "" {
		return httpkit.Reply{}, errNothing
	}
	if _, err := identity.CanonicalEmail(q.Email); err != nil {
		return httpkit.Reply{}, signin.ErrBadCredentials // what is no address is nobody's
	}
	by := c.Actor
	by.User, by.Session, by.HoldsID = nil, nil, true
	g, err := h.Signin.Password(c.Context, by, q.Email, q.Password)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return none(h.Cookie.Set(g.ID, h.Now(), g.Session.ExpiresAt()), nil)
}

// signOut ends the session of the cookie, if it lives, and has the browser forget it anyway.
func (h *Handler) signOut(c *httpkit.Call) (httpkit.Reply, error) {
	if c.Actor.Session != nil {
		if err := h.Sessions.SignOut(c.Context, c.Actor, session.This); err != nil {
			return httpkit.Reply{}, err
		}
	}
	return none(h.Cookie.Clear(), nil)
}

func (*Handler) me(c *httpkit.Call) (httpkit.Reply, error) { return slim(*c.Actor.User) }

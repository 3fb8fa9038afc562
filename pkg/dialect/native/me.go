package native

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

func (h *Handler) me(c *httpkit.Call) (httpkit.Reply, error) { return ok(user(*c.Actor.User)) }

type updateMeRequest struct {
	Name        *string `json:"name"`
	LastName    *string `json:"lastName"`
	DisplayName *string `json:"displayName"`
	Phone       *string `json:"phone"`
	BirthDate   *string `json:"birthDate"`
	Gender      *string `json:"gender"`
	TimeZone    *string `json:"timeZone"`
	Bio         *string `json:"bio"`
	ReferenceID *string `json:"referenceId"`
}

func (h *Handler) updateMe(c *httpkit.Call, q updateMeRequest) (httpkit.Reply, error) {
	u, err := h.Accounts.UpdateProfile(c.Context, c.Actor, account.ProfileChange{
		Name: q.Name, LastName: q.LastName, DisplayName: q.DisplayName, Phone: q.Phone, BirthDate: q.BirthDate,
		Gender: q.Gender, TimeZone: q.TimeZone, Bio: q.Bio, ReferenceID: q.ReferenceID,
	})
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(user(u))
}

type deleteMeRequest struct {
	CurrentPassword string `json:"currentPassword"`
}

func (h *Handler) deleteMe(c *httpkit.Call, q deleteMeRequest) (httpkit.Reply, error) {
	return done(h.Accounts.DeleteOwn(c.Context, c.Actor, q.CurrentPassword))
}

func (h *Handler) sessions(c *httpkit.Call) (httpkit.Reply, error) {
	all, err := h.Sessions.List(c.Context, c.Actor)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(sessions(all, c.Actor.Session.ID))
}

func (h *Handler) endSession(c *httpkit.Call) (httpkit.Reply, error) {
	return done(h.Sessions.EndByHandle(c.Context, c.Actor, c.Params.ByName("handle")))
}

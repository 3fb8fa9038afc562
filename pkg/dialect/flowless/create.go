package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// createUser makes an account for somebody else, who gets no session of it.
func (h *Handler) createUser(c *httpkit.Call, q registerRequest) (httpkit.Reply, error) {
	for _, own := range []struct{ name, value string }{{"invitationCode", q.InvitationCode}, {"deviceId", q.DeviceID}} {
		if own.value != "" {
			return httpkit.Reply{}, fault.InvalidField(own.name, "unknown_field", own.name+" is for those who sign up themselves")
		}
	}
	set := account.Setting{Verified: q.Verified}
	if q.UserType != "" {
		set.UserType = &q.UserType
	}
	u, err := h.Accounts.Create(c.Context, c.Actor, q.draft(), set)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(whoIs(h.user(u)))
}

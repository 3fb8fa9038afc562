package arguflow

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/password"
)

type invitationRequest struct {
	Email          string   `json:"email"`
	ReferralTokens []string `json:"referral_tokens"`
}

func (h *Handler) invite(c *httpkit.Call, q invitationRequest) (httpkit.Reply, error) {
	err := h.Signin.Invite(c.Context, c.Actor, invite.Offer{Email: q.Email, ReferralTokens: q.ReferralTokens})
	return httpkit.Reply{Status: http.StatusOK}, err
}

// newPassword is a password that somebody chooses, as a form has it.
type newPassword struct {
	Password     string `json:"password"`
	Confirmation string `json:"password_confirmation"`
}

// The texts of a bad choice, which are not the same at both doors.
var (
	errMismatch      = fault.InvalidField("password_confirmation", "mismatch", "the passwords do not match")
	errShort         = fault.InvalidField("password", "weak_password", "Password must be at least 8 characters")
	errShortForReset = fault.InvalidField("password", "weak_password", "Password must be at least 8 characters long")
)

// register makes the account of the invited address. It signs nobody in, whoever's cookie came
// along.
func (h *Handler) register(c *httpkit.Call, q newPassword) (httpkit.Reply, error) {
	switch {
	case password.TooShort(q.Password):
		return httpkit.Reply{}, errShort
	case q.Password != q.Confirmation:
		return httpkit.Reply{}, errMismatch
	}
	by := c.Actor
	by.User, by.Session = nil, nil
	u, err := h.Signin.RegisterInvited(c.Context, by, c.Params.ByName("invitation_id"), q.Password)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return slim(u)
}

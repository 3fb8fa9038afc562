package arguflow

import (
	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

type profileRequest struct {
	Username     *string `json:"username"`
	Website      *string `json:"website"`
	VisibleEmail *bool   `json:"visible_email"`
}

// update makes the user what the request says, all of it: what is null or left out is cleared, as
// PUT has it (RFC 9110 section 9.3.4).
func (h *Handler) update(c *httpkit.Call, q profileRequest) (httpkit.Reply, error) {
	if q.VisibleEmail == nil {
		return httpkit.Reply{}, fault.InvalidField("visible_email", "required", "visible_email is required")
	}
	hides, username, website := !*q.VisibleEmail, or(q.Username), or(q.Website)
	u, _, err := h.Accounts.Edit(c.Context, c.Actor, account.Edit{
		Username: &username, Profile: account.ProfileChange{Website: &website, HidesEmail: &hides},
	})
	if err != nil {
		return httpkit.Reply{}, err
	}
	return slim(u)
}

func or(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

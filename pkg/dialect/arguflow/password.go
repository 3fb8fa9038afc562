package arguflow

import (
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/password"
)

// errForeign answers a page that would have its reader's browser cause mails.
var errForeign = fault.New(fault.Forbidden, "cross_site", "the page of another site may not ask for mails")

// mailReset is documented as a GET. It sends a mail and nothing else, the same answer for every
// address, and does nothing for the page of another site, which could cause it by an image.
func (h *Handler) mailReset(c *httpkit.Call) (httpkit.Reply, error) {
	if c.Foreign() {
		return httpkit.Reply{}, errForeign
	}
	return none(nil, h.Accounts.RequestResetID(c.Context, c.Actor, c.Params.ByName("email")))
}

type resetRequest struct {
	ID    *string `json:"password_reset_id"`
	Email *string `json:"email"`
	newPassword
}

// reset is two doors in one: with the id of a mailed link it sets a password; with an e-mail
// address alone, as documented, it sends that link.
func (h *Handler) reset(c *httpkit.Call, q resetRequest) (httpkit.Reply, error) {
	switch {
	case q.ID == nil && (q.Email == nil || q.newPassword != newPassword{}): // who brings a password expects it to be set
		return httpkit.Reply{}, fault.InvalidField("password_reset_id", "required", "password_reset_id is required, or email to get one by mail")
	case q.ID == nil:
		return none(nil, h.Accounts.RequestResetID(c.Context, c.Actor, *q.Email))
	case q.Password != q.Confirmation:
		return httpkit.Reply{}, errMismatch
	case password.TooShort(q.Password):
		return httpkit.Reply{}, errShortForReset
	}
	return none(nil, h.Accounts.ResetByID(c.Context, c.Actor, *q.ID, q.Password))
}

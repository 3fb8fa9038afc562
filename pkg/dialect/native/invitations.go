package native

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

type createInvitationsRequest struct {
	Email     string          `json:"email"`
	Count     *int64          `json:"count"`
	MaxUses   *int64          `json:"maxUses"`
	ExpiresIn *int64          `json:"expiresIn"` // seconds
	UserType  string          `json:"userType"`
	Claims    json.RawMessage `json:"claims"`
	Note      string          `json:"note"`
}

type invitationResponse struct {
	ID        string                   `json:"id"`
	Code      string                   `json:"code,omitempty"`
	Email     string                   `json:"email,omitempty"`
	MaxUses   int64                    `json:"maxUses"`
	Uses      int64                    `json:"uses"`
	State     identity.InvitationState `json:"state"`
	UserType  string                   `json:"userType"`
	Claims    json.RawMessage          `json:"claims,omitempty"`
	Note      string                   `json:"note,omitempty"`
	CreatedAt time.Time                `json:"createdAt"`
	ExpiresAt time.Time                `json:"expiresAt"`
	URL       string                   `json:"url,omitempty"`

	ReferralTokens []string `json:"referralTokens,omitempty"` // of invitations that the Arguflow dialect made
}

type invitationsResponse struct {
	InvitationCodes []invitationResponse `json:"invitationCodes"`
	NextCursor      string               `json:"nextCursor,omitempty"`
}

func (h *Handler) invitation(inv identity.Invitation) invitationResponse {
	return invitationResponse{
		ID: inv.ID, Email: inv.Email, MaxUses: inv.MaxUses, Uses: inv.Confirmed(), State: inv.State(h.Invites.Now()),
		UserType: inv.UserType, Claims: inv.Claims, Note: inv.Note, CreatedAt: inv.CreatedAt, ExpiresAt: inv.ExpiresAt,
		ReferralTokens: inv.ReferralTokens,
	}
}

func (h *Handler) issued(i invite.Issued) invitationResponse {
	out := h.invitation(i.Invitation)
	out.Code, out.URL = i.Code, i.URL
	return out
}

func (h *Handler) createInvitations(c *httpkit.Call, q createInvitationsRequest) (httpkit.Reply, error) {
	n := invite.New{Email: q.Email, UserType: q.UserType, Claims: q.Claims, Note: q.Note}
	for _, f := range []struct {
		name string
		from *int64
		to   func(int64)
	}{
		{"count", q.Count, func(v int64) { n.Count = v }},
		{"maxUses", q.MaxUses, func(v int64) { n.MaxUses = v }},
		{"expiresIn", q.ExpiresIn, func(v int64) { n.ExpiresIn = seconds(v) }},
	} {
		if f.from == nil {
			continue
		}
		if *f.from <= 0 {
			return httpkit.Reply{}, fault.InvalidField(f.name, "out_of_range", f.name+" is at least 1")
		}
		f.to(*f.from)
	}
	all, err := h.Invites.Create(c.Context, c.Actor, n)
	if err != nil {
		return httpkit.Reply{}, err
	}
	out := invitationsResponse{InvitationCodes: make([]invitationResponse, 0, len(all))}
	for _, i := range all {
		out.InvitationCodes = append(out.InvitationCodes, h.issued(i))
	}
	return httpkit.Reply{Status: http.StatusCreated, Body: out}, nil
}

// seconds converts without overflow: what is too long for a duration is too long anyway.
func seconds(n int64) time.Duration {
	return time.Duration(min(n, int64(2*invite.MaxLifetime/time.Second))) * time.Second
}

func (h *Handler) listInvitations(c *httpkit.Call) (httpkit.Reply, error) {
	query, err := httpkit.Query(c.Request, "cursor", "limit", "state")
	if err != nil {
		return httpkit.Reply{}, err
	}
	q := invite.Query{State: identity.InvitationState(query.Get("state")), Cursor: query.Get("cursor")}
	if text := query.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 {
			return httpkit.Reply{}, fault.InvalidField("limit", "out_of_range", "limit is a number from 1 to 100")
		}
	}
	page, err := h.Invites.List(c.Context, q)
	if err != nil {
		return httpkit.Reply{}, err
	}
	out := invitationsResponse{InvitationCodes: make([]invitationResponse, 0, len(page.Invitations)), NextCursor: page.Next}
	for _, inv := range page.Invitations {
		out.InvitationCodes = append(out.InvitationCodes, h.invitation(inv))
	}
	return ok(out)
}

func (h *Handler) resendInvitation(c *httpkit.Call) (httpkit.Reply, error) {
	i, err := h.Invites.Reissue(c.Context, c.Actor, c.Params.ByName("id"))
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(h.issued(i))
}

func (h *Handler) revokeInvitation(c *httpkit.Call) (httpkit.Reply, error) {
	return done(h.Invites.Revoke(c.Context, c.Actor, c.Params.ByName("id")))
}

package native

import (
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

type handoffRequest struct {
	Continue     string  `json:"continue"`
	RefreshToken *string `json:"refreshToken"`
}

type handoffResponse struct {
	Code      string `json:"code"`
	URL       string `json:"url"`
	ExpiresIn int64  `json:"expiresIn"` // seconds
}

// handoff makes a link for whoever is signed in, or for a server that holds a refresh token.
func (h *Handler) handoff(c *httpkit.Call, q handoffRequest) (httpkit.Reply, error) {
	var link handoff.Link
	var err error
	switch {
	case c.Actor.User != nil && q.RefreshToken != nil:
		return httpkit.Reply{}, fault.InvalidField("refreshToken", "unknown_field", "who is signed in needs no refresh token here")
	case c.Actor.User != nil:
		link, err = h.Handoffs.Issue(c.Context, c.Actor, q.Continue)
	case q.RefreshToken == nil:
		return httpkit.Reply{}, fault.InvalidField("refreshToken", "required", "refreshToken is required")
	default:
		link, err = h.Handoffs.IssueFor(c.Context, c.Actor, *q.RefreshToken, q.Continue)
	}
	if err != nil {
		return httpkit.Reply{}, err
	}
	return httpkit.Reply{Status: http.StatusCreated, Body: handoffResponse{
		Code: link.Code, URL: link.URL, ExpiresIn: int64(link.ExpiresIn / time.Second),
	}}, nil
}

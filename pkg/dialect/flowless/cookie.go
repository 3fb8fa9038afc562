package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// opened answers whoever holds a new id, and has browsers keep it.
func (h *Handler) opened(g session.Grant, b body) (httpkit.Reply, error) {
	reply, err := ok(b)
	reply.Header = h.Cookie.Set(g.ID, h.Now(), g.Session.ExpiresAt())
	return reply, err
}

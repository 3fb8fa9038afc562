package flowless

import (
	"github.com/gatehouse-id/gatehouse/pkg/bridge"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// bridged are the routes of servers that ask about the sessions of their callers.
func (h *Handler) bridged() []httpkit.Route {
	id := httpkit.Spellings{Same: map[string]string{"session_id": "sessionId", "device_id": "deviceId"}}
	return []httpkit.Route{
		{Method: post, Path: "/auth/bridge/validate", Access: server, Handle: httpkit.OptionalSpelled(id, h.bridgeValidate)},
		{Method: post, Path: "/auth/validate", Access: anybody, Handle: httpkit.Spelled(id, h.validate)},
	}
}

type bridgeRequest struct {
	SessionID string `json:"sessionId"`
	DeviceID  string `json:"deviceId"`
}

// bridgeValidate takes the id in the body, or else in the query or the header.
func (h *Handler) bridgeValidate(c *httpkit.Call, q bridgeRequest) (httpkit.Reply, error) {
	if q.SessionID == "" {
		id, err := httpkit.SessionID(c.Request)
		if err != nil {
			return httpkit.Reply{}, err
		}
		q.SessionID = id.Value
	}
	if q.SessionID == "" {
		return httpkit.Reply{}, fault.InvalidField("sessionId", "required", "sessionId is required, in the body, the query or the header X-Session-ID")
	}
	c.Actor.Client = httpkit.NamedDevice(c.Actor.Client, q.DeviceID)
	v, err := h.Bridge.Validate(c.Context, c.Actor, q.SessionID)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(h.vouched(v, q.SessionID))
}

type validateRequest struct {
	SessionID    string `json:"sessionId"`
	BridgeSecret string `json:"bridge_secret"`
	DeviceID     string `json:"deviceId"`
}

func (h *Handler) validate(c *httpkit.Call, q validateRequest) (httpkit.Reply, error) {
	c.Actor.Client = httpkit.NamedDevice(c.Actor.Client, q.DeviceID)
	v, err := h.Bridge.ValidateWith(c.Context, c.Actor, q.BridgeSecret, q.SessionID)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return ok(with(h.vouched(v, q.SessionID), body{"valid": true}))
}

// vouched is what a server learns of a session whose id it was shown.
func (h *Handler) vouched(v bridge.Validation, presented string) body {
	s := body{"id": presented}
	both(s, "user_id", "userId", v.User.ID)
	both(s, "expires_at", "expiresAt", v.Session.ExpiresAt())
	both(s, "ip_address", "ipAddress", text(v.Session.Client.IP))
	both(s, "user_agent", "userAgent", text(v.Session.Client.UserAgent))
	both(s, "last_used_at", "lastUsedAt", v.Session.LastUsedAt)
	b := body{"success": true, "user": h.user(v.User), "session": s, "trust_token": v.TrustToken, "timestamp": v.At}
	both(b, "expires_at", "expiresAt", v.Session.ExpiresAt())
	return b
}

package native

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

// introspectionResponse is RFC 7662 section 2.2; sid is OpenID Connect's.
type introspectionResponse struct {
	Active    bool     `json:"active"`
	TokenType string   `json:"token_type,omitempty"`
	Sub       string   `json:"sub,omitempty"`
	Username  string   `json:"username,omitempty"`
	UserType  string   `json:"user_type,omitempty"`
	Iss       string   `json:"iss,omitempty"`
	Aud       []string `json:"aud,omitempty"`
	Jti       string   `json:"jti,omitempty"`
	Iat       int64    `json:"iat,omitempty"`
	Exp       int64    `json:"exp,omitempty"`
	Sid       string   `json:"sid,omitempty"`
}

func (h *Handler) introspect(c *httpkit.Call, token string) (httpkit.Reply, error) {
	i, err := h.Sessions.Introspect(c.Context, token)
	if err != nil {
		return httpkit.Reply{}, err
	}
	if !i.Active {
		return ok(introspectionResponse{})
	}
	out := introspectionResponse{
		Active: true, TokenType: i.Kind, Sub: i.User.ID, Username: i.User.Email, UserType: i.User.UserType,
		Exp: i.ExpiresAt, Sid: i.Session.ID,
	}
	if i.Claims.ID != "" {
		out.Iss, out.Aud, out.Jti, out.Iat = i.Claims.Issuer, i.Claims.Audience, i.Claims.ID, i.Claims.IssuedAt.Unix()
	}
	return ok(out)
}

// revoke answers 200 for every token, good or not (RFC 7009 section 2.2).
func (h *Handler) revoke(c *httpkit.Call, token string) (httpkit.Reply, error) {
	return httpkit.Reply{Status: http.StatusOK}, h.Sessions.Revoke(c.Context, c.Actor, token)
}

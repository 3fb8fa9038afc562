package flowless

import (
	"maps"
	"net/url"
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// documented are the social providers that the documents name.
var documented = [...]string{"google", "github", "facebook", "apple", "discord", "microsoft"}

// social are the routes of signing in with an identity provider.
func (h *Handler) social() []httpkit.Route {
	token := httpkit.Spellings{Same: map[string]string{
		"id_token": "idToken", "access_token": "accessToken", "device_id": "deviceId", "redirectUri": "redirect_uri",
	}}
	entering := httpkit.Spellings{Same: maps.Clone(token.Same)}
	entering.Same["invitation_code"] = "invitationCode"
	limit := h.Limits.Social
	return []httpkit.Route{
		{Method: get, Path: "/auth/social/providers", Access: anybody, Handle: h.socialProviders},
		{Method: get, Path: "/auth/social/accounts", Access: user, Handle: h.socialAccounts},
		{Method: del, Path: "/auth/social/accounts/:provider", Access: user, Handle: h.unlink},
		{Method: get, Path: "/auth/social/:provider/login", Access: anybody, Limit: limit, Handle: httpkit.Visited(h.socialLogin)},
		{Method: get, Path: "/auth/social/:provider/callback", Access: anybody, Limit: limit, Handle: h.socialCallback},
		{Method: post, Path: "/auth/social/:provider/callback", Access: anybody, Handle: h.socialForm},
		{Method: post, Path: "/auth/social/:provider/login-api", Access: anybody, Limit: limit, Handle: httpkit.Spelled(entering, h.socialToken)},
		{Method: post, Path: "/auth/social/:provider/link", Access: user, Limit: limit, Handle: httpkit.OptionalSpelled(token, h.link)},
		{Method: get, Path: "/auth/oauth/callback", Access: anybody, Limit: limit, Handle: h.oauthCallback},
		{Method: post, Path: "/auth/oauth/callback", Access: anybody, Handle: h.oauthForm},
		{Method: get, Path: "/auth/oauth/:provider", Access: anybody, Limit: limit, Handle: httpkit.Visited(h.oauth)},
	}
}

// socialProviders tells which providers are set up, and which of the documented ones are not.
func (h *Handler) socialProviders(*httpkit.Call) (httpkit.Reply, error) {
	enabled := h.Social.Providers.Names()
	names := slices.Clone(documented[:])
	for _, name := range enabled {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	some, all := []body{}, []body{}
	for _, name := range names {
		b := body{
			"provider": name, "enabled": slices.Contains(enabled, name),
			"loginUrl": "/auth/social/" + name + "/login", "apiLoginUrl": "/auth/social/" + name + "/login-api",
		}
		if all = append(all, b); b["enabled"] == true {
			some = append(some, b)
		}
	}
	return ok(body{"success": true, "data": body{"providers": some, "allProviders": all, "globallyEnabled": len(enabled) > 0}})
}

func (h *Handler) socialAccounts(c *httpkit.Call) (httpkit.Reply, error) {
	accounts := []body{}
	for _, l := range c.Actor.User.Linked {
		accounts = append(accounts, body{
			"provider": l.Provider, "provider_email": text(l.Email), "provider_name": text(l.Name), "provider_picture": text(l.Picture),
			"linked_at": l.LinkedAt, "last_updated": l.UpdatedAt,
		})
	}
	return ok(body{"success": true, "data": body{"accounts": accounts}})
}

func (h *Handler) unlink(c *httpkit.Call) (httpkit.Reply, error) {
	name := c.Params.ByName("provider")
	if _, err := h.Accounts.Unlink(c.Context, c.Actor, name); err != nil {
		return httpkit.Reply{}, err
	}
	return message(name + " account unlinked successfully")
}

// proofRequest carries what an app has got from a provider by itself.
type proofRequest struct {
	IDToken        string `json:"idToken"`
	AccessToken    string `json:"accessToken"`
	Nonce          string `json:"nonce"`
	DeviceID       string `json:"deviceId"`
	InvitationCode string `json:"invitationCode"`
}

func (q proofRequest) of(provider string) social.Proof {
	return social.Proof{Provider: provider, IDToken: q.IDToken, AccessToken: q.AccessToken, Nonce: q.Nonce, Invitation: q.InvitationCode}
}

func (h *Handler) socialToken(c *httpkit.Call, q proofRequest) (httpkit.Reply, error) {
	name := c.Params.ByName("provider")
	c.Actor.Client = httpkit.NamedDevice(c.Actor.Client, q.DeviceID)
	g, err := h.Social.Token(c.Context, c.Actor, q.of(name))
	if err != nil {
		return httpkit.Reply{}, err
	}
	return h.opened(g, h.cameBy(g, "social_auth_api", name))
}

// cameBy answers who has signed in by an identity at a provider.
func (h *Handler) cameBy(g session.Grant, how, provider string) body {
	more := body{"loginType": how, "provider": provider}
	b := login(h.user(g.User), g)
	inside, _ := b["data"].(body)
	return with(b, with(more, body{"data": with(inside, more)}))
}

type linkRequest struct {
	IDToken     string `json:"idToken"`
	AccessToken string `json:"accessToken"`
	Nonce       string `json:"nonce"`
	RedirectURI string `json:"redirect_uri"`
}

// link links an identity by a token at once; without one it answers where to send the browser,
// which gets a cookie: another browser can do nothing with that URL.
func (h *Handler) link(c *httpkit.Call, q linkRequest) (httpkit.Reply, error) {
	name := c.Params.ByName("provider")
	if q.IDToken+q.AccessToken+q.Nonce != "" {
		if q.RedirectURI != "" {
			return httpkit.Reply{}, fault.InvalidField("redirect_uri", "not_allowed", "redirect_uri is for browsers, who send no token")
		}
		proof := proofRequest{IDToken: q.IDToken, AccessToken: q.AccessToken, Nonce: q.Nonce}.of(name)
		if _, err := h.Social.LinkToken(c.Context, c.Actor, proof); err != nil {
			return httpkit.Reply{}, err
		}
		return ok(linked(name))
	}
	if _, err := h.Social.Providers.Get(name); err != nil {
		return httpkit.Reply{}, err
	}
	ticket, err := h.Social.LinkTicket(c.Context, c.Actor)
	if err != nil {
		return httpkit.Reply{}, err
	}
	query := url.Values{"ticket": {ticket.Value}}
	if q.RedirectURI != "" {
		query.Set("redirect_uri", q.RedirectURI)
	}
	reply, err := ok(body{"success": true, "url": h.at("social", name, "login") + "?" + query.Encode()})
	reply.Header = h.flowCookie(ticket.Cookie)
	return reply, err
}

func linked(provider string) body {
	return body{"success": true, "message": provider + " account linked successfully", "provider": provider}
}

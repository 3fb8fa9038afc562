package native

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/social"
)

// Signing in with an identity provider. The web flow is the pages' (pkg/pages): a browser goes
// through it. Here is what apps and scripts ask.

const paramProvider = "provider"

type providerResponse struct {
	Provider    string `json:"provider"`
	LoginURL    string `json:"loginUrl"`    // for a browser to go to
	APILoginURL string `json:"apiLoginUrl"` // for an app that has a token of the provider
}

type providersResponse struct {
	Providers []providerResponse `json:"providers"`
}

func (h *Handler) providers(*httpkit.Call) (httpkit.Reply, error) {
	out := providersResponse{Providers: []providerResponse{}}
	for _, name := range h.Social.Providers.Names() {
		out.Providers = append(out.Providers, providerResponse{
			Provider: name, LoginURL: "/auth/social/" + name + "/login", APILoginURL: "/auth/social/" + name + "/login-api",
		})
	}
	return ok(out)
}

type proofRequest struct {
	IDToken     string `json:"idToken"`
	AccessToken string `json:"accessToken"`
	Nonce       string `json:"nonce"`
}

// assertionRequest is a proof of who wants to come in.
type assertionRequest struct {
	proofRequest
	InvitationCode string `json:"invitationCode"`
}

func (q proofRequest) proof(c *httpkit.Call) social.Proof {
	return social.Proof{Provider: c.Params.ByName(paramProvider), IDToken: q.IDToken, AccessToken: q.AccessToken, Nonce: q.Nonce}
}

func (h *Handler) socialLogin(c *httpkit.Call, q assertionRequest) (httpkit.Reply, error) {
	proof := q.proof(c)
	proof.Invitation = q.InvitationCode
	return granted(h.Social.Token(c.Context, c.Actor, proof))
}

// SetsCookie reports whether scripts of other origins need credentials at a path: they are given
// a cookie there, which a browser keeps only from an answer to a request with credentials.
func SetsCookie(path string) bool {
	return strings.HasPrefix(path, "/auth/social/") && strings.HasSuffix(path, "/link")
}

type linkResponse struct {
	URL       string `json:"url"`
	ExpiresIn int64  `json:"expiresIn"` // seconds
}

// link links what a token is of, or else gives the browser of the user a way to the provider.
func (h *Handler) link(c *httpkit.Call, q proofRequest) (httpkit.Reply, error) {
	if q != (proofRequest{}) {
		u, err := h.Social.LinkToken(c.Context, c.Actor, q.proof(c))
		if err != nil {
			return httpkit.Reply{}, err
		}
		return ok(accounts(u))
	}
	name := c.Params.ByName(paramProvider)
	if _, err := h.Social.Providers.Get(name); err != nil {
		return httpkit.Reply{}, err
	}
	ticket, err := h.Social.LinkTicket(c.Context, c.Actor)
	if err != nil {
		return httpkit.Reply{}, err
	}
	return httpkit.Reply{
		Status: http.StatusCreated,
		Header: http.Header{"Set-Cookie": {httpkit.Binding(ticket.Cookie.Name, ticket.Cookie.Value, ticket.Cookie.MaxAge, h.Secure)}},
		Body: linkResponse{
			URL:       h.Social.PublicURL + "/auth/social/" + name + "/login?" + url.Values{"ticket": {ticket.Value}}.Encode(),
			ExpiresIn: int64(social.TicketLife / time.Second),
		},
	}, nil
}

type accountResponse struct {
	Provider  string    `json:"provider"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Picture   string    `json:"picture"`
	LinkedAt  time.Time `json:"linkedAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

type accountsResponse struct {
	Accounts []accountResponse `json:"accounts"`
}

func accounts(u identity.User) accountsResponse {
	out := accountsResponse{Accounts: make([]accountResponse, 0, len(u.Linked))}
	for _, l := range u.Linked {
		out.Accounts = append(out.Accounts, accountResponse{
			Provider: l.Provider, Email: l.Email, Name: l.Name, Picture: l.Picture, LinkedAt: l.LinkedAt, UpdatedAt: l.UpdatedAt,
		})
	}
	return out
}

func (*Handler) accounts(c *httpkit.Call) (httpkit.Reply, error) { return ok(accounts(*c.Actor.User)) }

func (h *Handler) unlink(c *httpkit.Call) (httpkit.Reply, error) {
	_, err := h.Accounts.Unlink(c.Context, c.Actor, c.Params.ByName(paramProvider))
	return done(err)
}

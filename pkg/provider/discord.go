package provider

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// discordUser asks for the user of a token.
func (p *Provider) discordUser(ctx context.Context, token string) (identity.Assertion, error) {
	var user struct {
		ID         string `json:"id"`
		Username   string `json:"username"`
		GlobalName string `json:"global_name"`
		Avatar     string `json:"avatar"` // the hash of a picture
		Email      string `json:"email"`
		Verified   bool   `json:"verified"` // the address
	}
	c := call{what: "user", method: http.MethodGet, url: p.known.userinfoURL, bearer: token, refusal: []int{http.StatusUnauthorized}}
	if err := p.ask(ctx, c, &user); err != nil {
		return identity.Assertion{}, err
	}
	if !isSubject(user.ID) {
		return identity.Assertion{}, p.fail("user", errNonsense)
	}
	a := identity.Assertion{Subject: user.ID, Email: user.Email, EmailVerified: user.Verified, Name: cmp.Or(user.GlobalName, user.Username)}
	if user.Avatar != "" {
		a.Picture = "https://cdn.discordapp.com/avatars/" + url.PathEscape(user.ID) + "/" + url.PathEscape(user.Avatar) + ".png"
	}
	return p.tidy(a), nil
}

// discordOwner asks which application a token is of (Discord, "Get current authorization
// information").
func (p *Provider) discordOwner(ctx context.Context, token string) (string, error) {
	var said struct {
		Application struct {
			ID string `json:"id"`
		} `json:"application"`
		Expires time.Time `json:"expires"`
		User    struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	c := call{what: "oauth2/@me", method: http.MethodGet, url: p.known.tokenInfoURL, bearer: token, refusal: []int{http.StatusUnauthorized}}
	if err := p.ask(ctx, c, &said); err != nil {
		return "", err
	}
	switch {
	case said.Application.ID != p.config.ClientID:
		return "", p.reject("an access token for somebody else")
	case !p.now().Before(said.Expires) || !isSubject(said.User.ID):
		return "", p.reject("an access token that has expired, or is nobody's")
	}
	return said.User.ID, nil
}

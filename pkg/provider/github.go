package provider

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// githubUser asks for the user of a token, and for their addresses: the public one on the profile
// may be any, and only /user/emails says which are verified.
func (p *Provider) githubUser(ctx context.Context, token string) (identity.Assertion, error) {
	var user struct {
		ID     int64  `json:"id"`
		Login  string `json:"login"`
		Name   string `json:"name"`
		Avatar string `json:"avatar_url"`
	}
	c := call{what: "user", method: http.MethodGet, url: p.known.userinfoURL, bearer: token, refusal: []int{http.StatusUnauthorized}}
	if err := p.ask(ctx, c, &user); err != nil {
		return identity.Assertion{}, err
	}
	if user.ID <= 0 {
		return identity.Assertion{}, p.fail("user", errNonsense)
	}
	email, err := p.githubEmail(ctx, token)
	if err != nil {
		return identity.Assertion{}, err
	}
	return p.tidy(identity.Assertion{
		Subject: strconv.FormatInt(user.ID, 10), // the login can be given up and taken by another
		Email:   email, EmailVerified: email != "", Name: cmp.Or(user.Name, user.Login), Picture: user.Avatar,
	}), nil
}

// githubEmail returns the primary address if it is verified, and none when the token may not tell.
func (p *Provider) githubEmail(ctx context.Context, token string) (string, error) {
	var emails []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	c := call{what: "emails", method: http.MethodGet, url: strings.TrimSuffix(p.known.userinfoURL, "/") + "/emails", bearer: token, refusal: []int{http.StatusForbidden, http.StatusNotFound}}
	if err := p.ask(ctx, c, &emails); errors.Is(err, ErrRejected) {
		return "", nil // the scope user:email was not given
	} else if err != nil {
		return "", err
	}
	for _, e := range emails {
		if e.Primary && e.Verified {
			return e.Email, nil
		}
	}
	return "", nil
}

// githubOwner checks a token as the application that it must be of (GitHub, "Check a token").
func (p *Provider) githubOwner(ctx context.Context, token string) (string, error) {
	var said struct {
		App struct {
			ClientID string `json:"client_id"`
		} `json:"app"`
		User struct {
			ID int64 `json:"id"`
		} `json:"user"`
	}
	body, err := json.Marshal(map[string]string{"access_token": token})
	if err != nil {
		return "", p.reject("an access token that is none")
	}
	c := call{
		what: "token check", method: http.MethodPost, url: p.known.tokenInfoURL, body: body,
		basic: url.UserPassword(p.config.ClientID, p.config.ClientSecret), refusal: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}
	if err := p.ask(ctx, c, &said); err != nil {
		return "", err
	}
	if said.App.ClientID != p.config.ClientID || said.User.ID <= 0 {
		return "", p.reject("an access token for somebody else")
	}
	return strconv.FormatInt(said.User.ID, 10), nil
}

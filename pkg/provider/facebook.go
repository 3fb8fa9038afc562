package provider

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// facebookUser asks for the user of a token. Facebook documents that it leaves an address out that is
// not valid, not that its user has been seen to read mail there: none counts as verified.
func (p *Provider) facebookUser(ctx context.Context, token string) (identity.Assertion, error) {
	var user struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Email   string `json:"email"`
		Picture struct {
			Data struct {
				URL          string `json:"url"`
				IsSilhouette bool   `json:"is_silhouette"`
			} `json:"data"`
		} `json:"picture"`
	}
	query := url.Values{"fields": {"id,name,email,picture"}, "appsecret_proof": {p.facebookProof(token)}}
	c := call{what: "me", method: http.MethodGet, url: p.known.userinfoURL, query: query, bearer: token, refusal: []int{http.StatusBadRequest, http.StatusUnauthorized}}
	if err := p.ask(ctx, c, &user); err != nil {
		return identity.Assertion{}, err
	}
	if !isSubject(user.ID) {
		return identity.Assertion{}, p.fail("me", errNonsense)
	}
	a := identity.Assertion{Subject: user.ID, Email: user.Email, Name: user.Name}
	if !user.Picture.Data.IsSilhouette {
		a.Picture = user.Picture.Data.URL
	}
	return p.tidy(a), nil
}

// facebookProof shows that a call with a token is made by who has the application's secret
// (Facebook, "Securing Graph API calls").
func (p *Provider) facebookProof(token string) string {
	mac := hmac.New(sha256.New, []byte(p.config.ClientSecret))
	_, _ = mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// facebookOwner asks debug_token, with the application's own token, whom a token was made for. An
// expiry of 0 is never.
func (p *Provider) facebookOwner(ctx context.Context, token string) (string, error) {
	var said struct {
		Data struct {
			AppID     string `json:"app_id"`
			Type      string `json:"type"`
			Valid     bool   `json:"is_valid"`
			UserID    string `json:"user_id"`
			ExpiresAt int64  `json:"expires_at"`
		} `json:"data"`
	}
	ours := p.config.ClientID + "|" + p.config.ClientSecret
	query := url.Values{"input_token": {token}, "access_token": {ours}, "appsecret_proof": {p.facebookProof(ours)}}
	if err := p.ask(ctx, call{what: "debug_token", method: http.MethodGet, url: p.known.tokenInfoURL, query: query}, &said); err != nil {
		return "", err
	}
	switch d := said.Data; {
	case !d.Valid || d.ExpiresAt != 0 && !p.now().Before(time.Unix(d.ExpiresAt, 0)):
		return "", p.reject("an access token that does not hold")
	case d.AppID != p.config.ClientID || d.Type != "" && d.Type != "USER" || !isSubject(d.UserID):
		return "", p.reject("an access token for somebody else")
	}
	return said.Data.UserID, nil
}

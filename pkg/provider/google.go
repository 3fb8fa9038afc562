package provider

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// googleOwner asks the tokeninfo endpoint, which tells whom an access token was made for: aud and
// azp are client ids, exp counts seconds since 1970 and is written as a string.
func (p *Provider) googleOwner(ctx context.Context, token string) (string, error) {
	var info struct {
		Audience   string         `json:"aud"`
		Authorized string         `json:"azp"`
		Subject    string         `json:"sub"`
		ExpiresAt  jsontext.Value `json:"exp"`
	}
	c := call{what: "tokeninfo", method: http.MethodGet, url: p.known.tokenInfoURL, query: url.Values{"access_token": {token}}, refusal: []int{http.StatusBadRequest, http.StatusUnauthorized}}
	if err := p.ask(ctx, c, &info); err != nil {
		return "", err
	}
	clients := p.clients()
	switch {
	case !slices.Contains(clients, info.Audience) || !slices.Contains(clients, cmp.Or(info.Authorized, info.Audience)):
		return "", p.reject("an access token for somebody else")
	case !p.now().Before(at(seconds(info.ExpiresAt))):
		return "", p.reject("an access token that has expired")
	case !isSubject(info.Subject):
		return "", p.reject("an access token about nobody: it lacks the scope openid")
	}
	return info.Subject, nil
}

// seconds reads a number that may be written as a string; what is neither is 0.
func seconds(v jsontext.Value) float64 {
	text := string(v)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return float64(n)
}

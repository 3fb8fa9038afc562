package provider

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
	"golang.org/x/oauth2"

	"github.com/gatehouse-id/gatehouse/pkg/outbound"
)

// call is a question to a provider that is answered in JSON.
type call struct {
	what    string // for logs
	method  string
	url     string
	query   url.Values
	bearer  string
	basic   *url.Userinfo
	body    []byte // JSON
	refusal []int  // the statuses that say no to the user's token, rather than to us
}

// ask makes a call and reads its answer. What is no 200 is a refusal where the provider documents
// that status for a token that does not hold, and trouble elsewhere.
func (p *Provider) ask(ctx context.Context, c call, into any) error {
	at, err := url.Parse(c.url)
	if err != nil {
		return p.fail(c.what, errEndpoints)
	}
	if len(c.query) > 0 {
		query := at.Query()
		for name, values := range c.query {
			query[name] = values
		}
		at.RawQuery = query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, c.method, at.String(), bytes.NewReader(c.body))
	if err != nil {
		return p.fail(c.what, errEndpoints)
	}
	c.dress(req)
	status, body, err := p.client.Read(req)
	switch {
	case err != nil:
		return p.fail(c.what, err)
	case slices.Contains(c.refusal, status):
		return p.reject(c.what + " refused with " + strconv.Itoa(status))
	case status != http.StatusOK:
		return p.fail(c.what, errors.New("status "+strconv.Itoa(status)))
	}
	if json.Unmarshal(body, into) != nil {
		return p.fail(c.what, errNonsense)
	}
	return nil
}

func (c call) dress(req *http.Request) {
	req.Header.Set("Accept", "application/json")
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	if c.basic != nil {
		password, _ := c.basic.Password()
		req.SetBasicAuth(c.basic.Username(), password)
	}
	if len(c.body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
}

// redeem exchanges a code for tokens, with the code verifier that its challenge was made of.
func (p *Provider) redeem(ctx context.Context, m *metadata, code string, a Authorization) (*oauth2.Token, error) {
	secret, err := p.secret()
	if err != nil {
		return nil, err
	}
	conf := oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: secret, RedirectURL: a.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: m.tokenURL, AuthStyle: m.style},
	}
	token, err := conf.Exchange(oidc.ClientContext(ctx, p.client.HTTP()), code, oauth2.VerifierOption(a.Verifier))
	var refused *oauth2.RetrieveError
	switch {
	case err == nil && isToken(token.AccessToken):
		return token, nil
	case err == nil:
		return nil, p.fail("token endpoint", errNonsense)
	case !errors.As(err, &refused):
		return nil, p.fail("token endpoint", outbound.Reason(err))
	case blamesUs(refused):
		return nil, p.fail("token endpoint", errors.New(short(refused.ErrorCode)))
	}
	return nil, p.reject("token endpoint: " + short(refused.ErrorCode))
}

// blamesUs reports whether a refusal is not about the code: it is us or the provider that does
// not work, and the user is not to be told that their code was wrong.
func blamesUs(r *oauth2.RetrieveError) bool {
	ours := []string{
		"invalid_client", "unauthorized_client", "unsupported_grant_type", "temporarily_unavailable", "server_error",
		"incorrect_client_credentials", "redirect_uri_mismatch", // GitHub's
	}
	return slices.Contains(ours, r.ErrorCode) || r.Response != nil && (r.Response.StatusCode >= 500 || r.Response.StatusCode == http.StatusTooManyRequests)
}

// short returns an error code of a provider as far as it looks like one.
func short(code string) string {
	if code == "" || len(code) > 40 {
		return "an error without a code"
	}
	for i := range len(code) {
		if c := code[i]; c != '_' && c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return "an error without a code"
		}
	}
	return code
}

package provider

import (
	"cmp"
	"context"
	"net/http"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// complete asks the userinfo endpoint for what an ID token leaves open of the address: many
// providers tell more there. An address and whether it is verified come from one place.
func (p *Provider) complete(ctx context.Context, m *metadata, c claims, accessToken string) (identity.Assertion, error) {
	if c.Email != "" && len(c.Verified) > 0 || m.userinfoURL == "" {
		return p.assertion(c), nil
	}
	info, err := p.userinfo(ctx, m, accessToken)
	if err != nil {
		return identity.Assertion{}, err
	}
	if info.Subject != c.Subject { // OpenID Connect Core section 5.3.2
		return identity.Assertion{}, p.reject("a userinfo answer about somebody else")
	}
	if info.Email != "" {
		c.Email, c.Verified = info.Email, info.Verified
	}
	c.Name, c.Picture = cmp.Or(c.Name, info.Name), cmp.Or(c.Picture, info.Picture)
	return p.assertion(c), nil
}

// userinfo returns what the userinfo endpoint says about whose the token is. Signed answers are for
// clients that have asked for them, as ours have not.
func (p *Provider) userinfo(ctx context.Context, m *metadata, accessToken string) (claims, error) {
	if m.userinfoURL == "" {
		return claims{}, p.fail("userinfo", errEndpoints)
	}
	var c claims
	q := call{what: "userinfo", method: http.MethodGet, url: m.userinfoURL, bearer: accessToken, refusal: []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden}}
	if err := p.ask(ctx, q, &c); err != nil {
		return claims{}, err
	}
	if !isSubject(c.Subject) {
		return claims{}, p.fail("userinfo", errNonsense)
	}
	return c, nil
}

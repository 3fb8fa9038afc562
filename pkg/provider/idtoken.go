package provider

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxAge is how old an ID token is at most that an app sends: it is no proof of a sign-in
	// that happened long ago.
	maxAge = 10 * time.Minute
	// skew is how far the clock of a provider may be ahead.
	skew = time.Minute
)

// expected is what an ID token must say beside being the provider's.
type expected struct {
	clients     []string // whom it is made for: one of these
	nonce       string
	maxAge      time.Duration // zero in the web flow, where the nonce says that it is fresh
	accessToken string        // the one it came with; empty when it came alone
}

// verify returns what an ID token says, once it has proved itself (OpenID Connect Core section
// 3.1.3.7).
func (p *Provider) verify(ctx context.Context, m *metadata, raw string, want expected) (claims, error) {
	if len(raw) > maxToken || !isIDToken(raw) {
		return claims{}, p.reject("an ID token that is none")
	}
	keys := &watched{KeySet: m.keys}
	token, err := oidc.NewVerifier(m.issuer, keys, &oidc.Config{
		SupportedSigningAlgs: m.algorithms, Now: p.now,
		SkipClientIDCheck: true, SkipIssuerCheck: true, // check knows more of both
	}).Verify(ctx, raw)
	if keys.down != nil {
		return claims{}, p.fail("keys", keys.down)
	}
	if err != nil {
		return claims{}, p.reject("an ID token that does not hold: signature, algorithm or time")
	}
	if want.accessToken != "" && token.AccessTokenHash != "" && token.VerifyAccessToken(want.accessToken) != nil {
		return claims{}, p.reject("an ID token that came with another's access token")
	}
	var payload jsontext.Value
	var c claims
	if token.Claims((*rawClaims)(&payload)) != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}, p.reject("an ID token that cannot be read in one way only")
	}
	if wrong := c.check(m, want, p.now()); wrong != "" {
		return claims{}, p.reject("an ID token " + wrong)
	}
	return c, nil
}

// rawClaims takes the claims as they are.
type rawClaims jsontext.Value

// UnmarshalJSON keeps a copy of the text.
func (r *rawClaims) UnmarshalJSON(text []byte) error {
	*r = slices.Clone(text)
	return nil
}

// check returns what is wrong with claims whose signature is good, or nothing.
func (c claims) check(m *metadata, want expected, now time.Time) string {
	issued, expires := at(c.IssuedAt), at(c.ExpiresAt)
	switch {
	case !m.isIssuer(c.Issuer, c.Tenant) && !isGoogle(m.issuer, c.Issuer):
		return "of another issuer"
	case !m.takesTenant(c.Tenant):
		return "of a tenant that is not asked"
	case !c.isFor(want.clients):
		return "for somebody else"
	case !now.Before(expires):
		return "that has expired"
	case c.IssuedAt == 0 || issued.After(now.Add(skew)):
		return "of the future, or of no time"
	case want.maxAge > 0 && issued.Before(now.Add(-want.maxAge)):
		return "that was made too long ago"
	case c.NotBefore != 0 && at(c.NotBefore).After(now.Add(skew)):
		return "that is not good yet"
	case subtle.ConstantTimeCompare([]byte(c.Nonce), []byte(want.nonce)) == 0:
		return "for another request"
	case len(c.Events) > 0:
		return "that is a notice of something (RFC 8417)"
	case !isSubject(c.Subject):
		return "about nobody"
	}
	return ""
}

// isFor reports whether the token was made for one of our clients, and asked for by one where
// it says who asked.
func (c claims) isFor(clients []string) bool {
	ours := func(client string) bool { return slices.Contains(clients, client) }
	if !slices.ContainsFunc(c.Audience, ours) {
		return false
	}
	if c.Authorized != nil {
		return ours(*c.Authorized)
	}
	return len(c.Audience) == 1
}

// takesTenant reports whether a token of a tenant of Microsoft's is one that was asked for: the
// endpoint for companies shares its issuer with the one for everybody.
func (m *metadata) takesTenant(tenant string) bool { return !m.companies || tenant != msaTenant }

// isGoogle accepts the second spelling of Google's issuer that Google documents.
func isGoogle(issuer, iss string) bool {
	return issuer == "https://accounts.google.com" && iss == "accounts.google.com"
}

// isSubject accepts what a subject may be (OpenID Connect Core section 2): ASCII, and not long.
func isSubject(s string) bool { return len(s) <= 255 && isToken(s) }

// isIDToken looks at a token before anything is verified. It is written in the one way that what was
// signed can be: callers know by that text what they have seen before, and the verifier would
// overlook spaces and stray bits. Other tokens that a provider signs, such as notices of sign-outs,
// say what they are (RFC 8725 section 3.11).
func isIDToken(raw string) bool {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return false
	}
	var head []byte
	for i := range parts {
		text, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil || strings.ContainsAny(parts[i], "\r\n") { // which the decoder skips
			return false
		}
		if i == 0 {
			head = text
		}
	}
	var h struct {
		Type string `json:"typ"`
	}
	return json.Unmarshal(head, &h) == nil && (h.Type == "" || strings.EqualFold(h.Type, "JWT"))
}

// at returns a NumericDate (RFC 7519 section 2), and the beginning of time for what is none.
func at(seconds float64) time.Time {
	if seconds < 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

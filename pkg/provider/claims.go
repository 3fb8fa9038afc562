package provider

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// claims are those of an ID token, or of a userinfo endpoint's answer, that are looked at.
type claims struct {
	Issuer     string         `json:"iss"`
	Subject    string         `json:"sub"`
	Audience   audience       `json:"aud"`
	Authorized *string        `json:"azp"`
	Tenant     string         `json:"tid"` // Microsoft's
	ExpiresAt  float64        `json:"exp"`
	IssuedAt   float64        `json:"iat"`
	NotBefore  float64        `json:"nbf"`
	Nonce      string         `json:"nonce"`
	Events     jsontext.Value `json:"events"` // of security events, which are no ID tokens

	Email    string         `json:"email"`
	Verified jsontext.Value `json:"email_verified"` // as it is written: providers have ideas of their own
	Name     string         `json:"name"`
	Picture  string         `json:"picture"`
}

// audience is a string or a list of strings (RFC 7519 section 4.1.3).
type audience []string

// UnmarshalJSON reads either.
func (a *audience) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(text, &(*a)[0])
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// assertion returns what claims prove.
func (p *Provider) assertion(c claims) identity.Assertion {
	return p.tidy(identity.Assertion{
		Subject: c.Subject, Email: c.Email, EmailVerified: p.verified(c.Verified), Name: c.Name, Picture: c.Picture,
	})
}

// verified reports whether the provider's word for an address is good. Absent is no, and so is
// whatever is not true: "true" is a string that Apple alone documents. Microsoft lets the
// administrators of any tenant write any address.
func (p *Provider) verified(said jsontext.Value) bool {
	switch p.config.Name {
	case microsoft:
		return false
	case apple:
		return string(said) == "true" || string(said) == `"true"`
	}
	return string(said) == "true"
}

const (
	maxName    = 64
	maxPicture = 2048
)

// tidy puts the provider's name to an assertion and drops or clips what is no use: providers
// hold whatever their users have typed.
func (p *Provider) tidy(a identity.Assertion) identity.Assertion {
	a.Provider = p.config.Name
	if _, err := identity.CanonicalEmail(a.Email); err != nil {
		a.Email, a.EmailVerified = "", false
	}
	a.Name = oneLine(a.Name)
	if u, err := url.Parse(a.Picture); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(a.Picture) > maxPicture || !isToken(a.Picture) {
		a.Picture = ""
	}
	return a
}

// oneLine returns text as one line of what can be seen, clipped.
func oneLine(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200d': // which joins emoji
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxName {
		s = strings.TrimSpace(string(runes[:maxName]))
	}
	return s
}

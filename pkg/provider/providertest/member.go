package providertest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
)

// member is a User as mockoidc takes one.
type member struct {
	user   User
	issuer string
	name   string // of the provider
}

func (o *openID) member() *member {
	return &member{user: o.p.user, issuer: o.issuer(), name: o.p.Name}
}

// ID returns the subject.
func (m *member) ID() string { return m.user.Subject }

// Userinfo returns what the userinfo endpoint says.
func (m *member) Userinfo(scopes []string) ([]byte, error) {
	return json.Marshal(m.profile(scopes))
}

// Claims returns those of an ID token.
func (m *member) Claims(scopes []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	claims := jwt.MapClaims{
		"iss": m.issuer, "aud": base.Audience[0], "iat": base.IssuedAt.Unix(), "exp": base.ExpiresAt.Unix(),
	}
	if base.Nonce != "" {
		claims["nonce"] = base.Nonce
	}
	if m.name == "microsoft" {
		claims["tid"], claims["oid"], claims["ver"] = Tenant, m.user.Subject, "2.0"
	}
	maps.Copy(claims, m.profile(scopes))
	return claims, nil
}

// profile returns what scopes show of the user. Apple knows no names and pictures here, and
// Microsoft tells nothing about addresses.
func (m *member) profile(scopes []string) map[string]any {
	claims := map[string]any{"sub": m.user.Subject}
	if slices.Contains(scopes, "email") && m.user.Email != "" {
		claims["email"] = m.user.Email
		if m.name != "microsoft" {
			claims["email_verified"] = m.user.Verified
		}
	}
	if slices.Contains(scopes, "profile") && m.name != "apple" {
		claims["name"], claims["picture"] = m.user.Name, m.user.Picture
	}
	return claims
}

func answerJSON(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

func boolText(b bool) string { return strconv.FormatBool(b) }

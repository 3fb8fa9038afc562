package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// Type is the typ header of an access token, RFC 9068 section 2.1.
const Type = "at+jwt"

// MaxCustomClaims is the most bytes of JSON that custom claims may take.
const MaxCustomClaims = 1000

// Claims is what an access token says.
type Claims struct {
	Issuer        string
	Subject       string // the user's id, localId on the wire
	Audience      []string
	IssuedAt      time.Time // also not-before; whole seconds on the wire
	ExpiresAt     time.Time
	ID            string // jti
	SessionID     string // sid
	AuthTime      time.Time
	AMR           []string // RFC 8176
	Email         string
	EmailVerified bool
	Name          string
	UserType      string
	Custom        json.RawMessage // one JSON object with names that are not reserved, or empty
}

// registered are the claims that every token of ours has. Times are whole seconds; a pointer
// tells zero from absent.
type registered struct {
	Iss string           `json:"iss"`
	Aud jwt.ClaimStrings `json:"aud"`
	Sub string           `json:"sub"`
	Iat *int64           `json:"iat"`
	Exp *int64           `json:"exp"`
	Jti string           `json:"jti"`
}

// wire is the JSON form of Claims.
type wire struct {
	registered
	Nbf           *int64   `json:"nbf"`
	SessionID     string   `json:"sid"`
	AuthTime      *int64   `json:"auth_time"`
	AMR           []string `json:"amr"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"email_verified"`
	Name          string   `json:"name"`
	UserType      string   `json:"user_type"`
}

// The methods of jwt.Claims, by which the parser reads what it validates.

func (r *registered) GetIssuer() (string, error)                   { return r.Iss, nil }
func (r *registered) GetSubject() (string, error)                  { return r.Sub, nil }
func (r *registered) GetAudience() (jwt.ClaimStrings, error)       { return r.Aud, nil }
func (r *registered) GetIssuedAt() (*jwt.NumericDate, error)       { return date(r.Iat), nil }
func (r *registered) GetExpirationTime() (*jwt.NumericDate, error) { return date(r.Exp), nil }

// GetNotBefore is one more of them.
func (w *wire) GetNotBefore() (*jwt.NumericDate, error) { return date(w.Nbf), nil }

// UnmarshalJSON reads claims by their exact names and refuses a name that comes twice. The
// parser's own way would take "SUB", a custom claim, for "sub".
func (w *wire) UnmarshalJSON(raw []byte) error {
	type plain wire
	return strict.Unmarshal(raw, (*plain)(w))
}

func date(seconds *int64) *jwt.NumericDate {
	if seconds == nil {
		return nil
	}
	return jwt.NewNumericDate(time.Unix(*seconds, 0))
}

// reserved are the names a custom claim must not take: ours and those whose meaning others
// rely on (RFC 7519, RFC 9068, RFC 7800, OpenID Connect Core).
var reserved = []string{
	"iss", "aud", "sub", "iat", "nbf", "exp", "jti", "sid", "auth_time", "amr", "email", "email_verified",
	"name", "user_type", "acr", "azp", "nonce", "at_hash", "c_hash", "scope", "client_id", "cnf", "act",
	"may_act", "groups", "roles", "entitlements", "events", "toe", "txn", "firebase", "user_id",
}

// CheckCustom reports why a JSON value cannot be custom claims: it must be one object of at
// most MaxCustomClaims bytes without reserved names, in whatever case: many who read tokens
// do not tell "SUB" from "sub".
func CheckCustom(raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	if len(raw) > MaxCustomClaims {
		return fmt.Errorf("claims take more than %d bytes", MaxCustomClaims)
	}
	var members map[string]jsontext.Value
	if err := strict.Unmarshal(raw, &members); err != nil || members == nil {
		return fmt.Errorf("claims must be a JSON object with no member twice")
	}
	for name := range members {
		if name == "" || slices.ContainsFunc(reserved, func(r string) bool { return strings.EqualFold(r, name) }) {
			return fmt.Errorf("the claim name %q is reserved", name)
		}
	}
	return nil
}

func (c Claims) marshal() ([]byte, error) {
	iat, exp, auth := c.IssuedAt.Unix(), c.ExpiresAt.Unix(), c.AuthTime.Unix()
	body, err := strict.Marshal(wire{
		registered: registered{Iss: c.Issuer, Aud: c.Audience, Sub: c.Subject, Iat: &iat, Exp: &exp, Jti: c.ID},
		Nbf:        &iat, SessionID: c.SessionID, AuthTime: &auth, AMR: c.AMR, Email: c.Email,
		EmailVerified: c.EmailVerified, Name: c.Name, UserType: c.UserType,
	})
	if err != nil || len(c.Custom) == 0 {
		return body, err
	}
	if err := CheckCustom(c.Custom); err != nil {
		return nil, err
	}
	custom := jsontext.Value(slices.Clone(c.Custom))
	if err := custom.Compact(); err != nil || string(custom) == "{}" {
		return body, err
	}
	body[len(body)-1] = ','
	return append(body, custom[1:]...), nil
}

func (w *wire) claims() Claims {
	return Claims{
		Issuer: w.Iss, Subject: w.Sub, Audience: w.Aud, ID: w.Jti,
		IssuedAt: time.Unix(*w.Iat, 0).UTC(), ExpiresAt: time.Unix(*w.Exp, 0).UTC(),
		AuthTime: time.Unix(*w.AuthTime, 0).UTC(), SessionID: w.SessionID, AMR: w.AMR, Email: w.Email,
		EmailVerified: w.EmailVerified, Name: w.Name, UserType: w.UserType,
	}
}

package token

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	strict "github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
)

// TrustType is the typ header of a trust token. It is what keeps one from being taken for an
// access token, whose claims it nearly has (RFC 8725 section 3.11).
const TrustType = "trust+jwt"

// Trust is what a trust token says: at this time this session was good and belonged to this
// user. It grants nothing and is no credential of ours.
type Trust struct {
	Issuer        string
	Subject       string // the user's id; on the wire also user_id
	Audience      []string
	IssuedAt      time.Time // whole seconds on the wire
	ExpiresAt     time.Time
	ID            string // jti
	SessionID     string // the public id, which the sid claim of an access token has too
	Email         string
	EmailVerified bool
	Name          string
}

// trustWire is the JSON form of Trust.
type trustWire struct {
	registered
	UserID        string `json:"user_id"`
	SessionID     string `json:"session_id"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name"`
}

// GetNotBefore is the method of jwt.Claims that reads nbf, which a trust token does not have.
func (*trustWire) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil } //nolint:nilnil // as the interface says: absent

// UnmarshalJSON reads claims by their exact names and refuses a name that comes twice.
func (w *trustWire) UnmarshalJSON(raw []byte) error {
	type plain trustWire
	return strict.Unmarshal(raw, (*plain)(w))
}

func (w *trustWire) complete() bool {
	return w.registered.complete() && w.UserID == w.Sub && w.SessionID != ""
}

func (w *trustWire) trust() Trust {
	return Trust{
		Issuer: w.Iss, Subject: w.Sub, Audience: w.Aud, ID: w.Jti,
		IssuedAt: time.Unix(*w.Iat, 0).UTC(), ExpiresAt: time.Unix(*w.Exp, 0).UTC(),
		SessionID: w.SessionID, Email: w.Email, EmailVerified: w.EmailVerified, Name: w.Name,
	}
}

// MintTrust signs a trust token as Mint signs an access token.
func (m *Minter) MintTrust(ctx context.Context, kid string, key *rsa.PrivateKey, t Trust) (string, error) {
	iat, exp := t.IssuedAt.Unix(), t.ExpiresAt.Unix()
	payload, err := strict.Marshal(trustWire{
		registered: registered{Iss: t.Issuer, Aud: t.Audience, Sub: t.Subject, Iat: &iat, Exp: &exp, Jti: t.ID},
		UserID:     t.Subject, SessionID: t.SessionID, Email: t.Email, EmailVerified: t.EmailVerified, Name: t.Name,
	})
	if err != nil {
		return "", fmt.Errorf("token: encode claims: %w", err)
	}
	return m.sign(ctx, kid, key, TrustType, payload)
}

// VerifyTrustWith returns what a valid trust token says, by the rules that VerifyWith has for
// access tokens. Errors are ErrInvalid and ErrExpired.
func (v *Verifier) VerifyTrustWith(raw string, find KeyFunc) (Trust, error) {
	if len(raw) > maxLength {
		return Trust{}, ErrInvalid
	}
	h, ok := parseHeader(raw, TrustType)
	if !ok {
		return Trust{}, ErrInvalid
	}
	key, ok := find(h.KID)
	if !ok {
		return Trust{}, ErrInvalid
	}
	w := new(trustWire)
	_, err := v.parser.ParseWithClaims(raw, w, func(*jwt.Token) (any, error) { return key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && onlyExpired(err) && w.complete():
		return Trust{}, ErrExpired
	case err != nil || !w.complete():
		return Trust{}, ErrInvalid
	}
	return w.trust(), nil
}

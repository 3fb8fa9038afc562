package verify

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Claims is what a good access token says. In a test of your own handlers, fill in what they
// read and put it in a context with NewContext.
type Claims struct {
	Subject       string // the user's id, localId in the AuthorizationResponse; the key for your own records
	Email         string
	EmailVerified bool // without it, somebody has only claimed the address
	Name          string
	UserType      string // customer, admin or superadmin
	SessionID     string // sid: one sign-in on one device
	TokenID       string // jti
	Issuer        string
	Audience      []string // shared with other requests of the token: do not change it
	AMR           []string // how the user signed in (RFC 8176); shared as well
	AuthTime      time.Time
	IssuedAt      time.Time
	ExpiresAt     time.Time

	payload string // base64url of all claims
}

// Decode reads all claims of the token, custom ones as well, into a struct or map. Names count
// to the letter: "plan" is not "Plan". It fails on Claims that come of no token.
func (c Claims) Decode(into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(c.payload)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("verify: decode claims: %w", err)
	}
	return nil
}

type contextKey struct{}

// NewContext returns a context that carries claims, as the middleware does.
func NewContext(ctx context.Context, c Claims) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// ClaimsFrom returns the claims of the request that a context belongs to. ok is false where no
// middleware has put them there.
func ClaimsFrom(ctx context.Context) (c Claims, ok bool) {
	c, ok = ctx.Value(contextKey{}).(Claims)
	return c, ok
}

package bridge

import (
	"context"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/token"
)

const tokenIDLength = 22

// Trust signs what a trust token says. JWT and PASETO are the two formats.
type Trust interface {
	Sign(ctx context.Context, say token.Trust) (string, error)
}

// Keys gives the signing key of the moment; keyring.Ring is one.
type Keys interface {
	Signer() (kid string, key *rsa.PrivateKey)
}

// JWT makes trust tokens that the published key set verifies.
type JWT struct {
	Keys   Keys
	Minter *token.Minter
}

// Sign implements Trust.
func (j JWT) Sign(ctx context.Context, say token.Trust) (string, error) {
	kid, key := j.Keys.Signer()
	signed, err := j.Minter.MintTrust(ctx, kid, key, say)
	if err != nil {
		return "", fmt.Errorf("bridge: %w", err)
	}
	return signed, nil
}

// statement is what is true of a live session at now. It names the session by its public id:
// who reads a trust token must not be able to act as the user. It ends no later than the
// session does, but for the second that tokens are rounded to.
func (s *Service) statement(u identity.User, sess identity.Session, now time.Time) token.Trust {
	iat := now.Truncate(time.Second)
	exp := iat.Add(s.TTL)
	if end := sess.ExpiresAt(); end.Before(exp) {
		exp = end.Truncate(time.Second)
	}
	if !exp.After(iat) {
		exp = iat.Add(time.Second)
	}
	return token.Trust{
		Issuer: s.Issuer, Audience: s.Audience, Subject: u.ID, ID: opaque.Random(tokenIDLength),
		IssuedAt: iat, ExpiresAt: exp, SessionID: sess.ID,
		Email: u.Email, EmailVerified: u.EmailVerified, Name: u.FullName(),
	}
}

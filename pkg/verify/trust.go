package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/token"
)

// Trust is what a trust token says: at IssuedAt the session was good and belonged to Subject. It
// was made for a server that had asked with a bridge secret, and passed on by it.
type Trust = token.Trust

// TrustToken returns what a trust token in the JWT format says if it is one of the issuer for the
// audience, signed with a published key and within its time, give or take 30 seconds. A trust
// token is not an access token, nor is an access token a trust token.
//
// Errors are ErrMissing, ErrInvalid, ErrExpired and ErrUnavailable. It asks nobody about the
// session: a trust token lives for minutes.
func (v *Verifier) TrustToken(ctx context.Context, trustToken string) (Trust, error) {
	if trustToken == "" {
		return Trust{}, ErrMissing
	}
	find, failed := v.finder(ctx)
	said, err := v.tokens.VerifyTrustWith(trustToken, find)
	if err := outcome(*failed, err); err != nil {
		return Trust{}, err
	}
	return said, nil
}

// outcome says what a verification came to in the errors of this package.
func outcome(noKeys, err error) error {
	switch {
	case noKeys != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, noKeys)
	case errors.Is(err, token.ErrExpired):
		return ErrExpired
	case err != nil:
		return ErrInvalid
	default:
		return nil
	}
}

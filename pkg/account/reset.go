package account

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// ResetPassword takes the token of a mailed link and sets another password. It ends every
// session, signs nobody in, and counts the address as proved: the mail was read there (OWASP
// ASVS 6.4.3).
func (s *Service) ResetPassword(ctx context.Context, by identity.Actor, token, next string) error {
	of, t, err := s.holder(ctx, by, identity.ResetPassword, token)
	if err != nil {
		return err
	}
	phc, err := s.hashNew(ctx, of, next)
	if err != nil {
		return err
	}
	_, err = s.spend(ctx, by, identity.ResetPassword, t, func(u *identity.User, proof identity.Proof, now time.Time) ([]identity.Consequence, error) {
		if proof.Email == u.Email {
			u.EmailVerified = true
		}
		return s.replacePassword(by, u, phc, now), nil
	})
	return err
}

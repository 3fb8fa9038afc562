package signin

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// Link signs in whoever holds the token of a mailed sign-in link, once.
func (s *Service) Link(ctx context.Context, by identity.Actor, token string) (session.Grant, error) {
	u, err := s.Accounts.SpendSignIn(ctx, by, token, s.mayEnter)
	if err != nil {
		return session.Grant{}, err
	}
	return s.enter(ctx, by, u, s.event(by, audit.SignIn, u), "otp") // RFC 8176 has no value for mail: the token is a one-time password
}

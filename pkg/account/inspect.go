package account

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Inspect returns an account and its live sessions, newest first, to an administrator, who may
// read every account.
func (s *Service) Inspect(ctx context.Context, by identity.Actor, id string) (identity.User, []identity.Session, error) {
	u, err := s.target(ctx, by, id)
	if err != nil {
		return identity.User{}, nil, err
	}
	live, err := s.Sessions.ListOf(ctx, u)
	return u, live, err
}

package session

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Living returns the live session called id and whose it is: for what somebody began while they
// were signed in, and ends where they can show no credential. The id proves nothing: the caller
// has to know who brings it. It changes nothing.
func (s *Service) Living(ctx context.Context, id string) (identity.User, identity.Session, error) {
	sess, u, err := s.find(ctx, id)
	if err != nil {
		return identity.User{}, identity.Session{}, err
	}
	if err := standing(sess, u, s.Now()); err != nil {
		return identity.User{}, identity.Session{}, err
	}
	return u, sess, nil
}

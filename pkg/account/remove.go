package account

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// DeleteOwn deletes the actor's own account after checking its password once more (OWASP
// ASVS 7.5.1). The last superadmin cannot.
func (s *Service) DeleteOwn(ctx context.Context, by identity.Actor, current string) error {
	if err := s.confirm(ctx, by, current); err != nil {
		return err
	}
	return s.erase(ctx, by, by.User.ID)
}

// Delete deletes an account on an operator's or an administrator's word.
func (s *Service) Delete(ctx context.Context, by identity.Actor, name string) (identity.User, error) {
	u, err := s.target(ctx, by, name)
	if err != nil {
		return identity.User{}, err
	}
	return u, s.eraseIf(ctx, by, u.ID, func(u identity.User) error { return s.mayAct(ctx, by, u) })
}

// erase empties the account in one write: from then on no credential of it works, nothing
// personal is left in it, and its names are free. What remains is a tombstone that carries
// the consequences until they are done; the store's sweep removes it.
func (s *Service) erase(ctx context.Context, by identity.Actor, id string) error {
	return s.eraseIf(ctx, by, id, func(identity.User) error { return nil })
}

// eraseIf is erase unless may objects, in the same write.
func (s *Service) eraseIf(ctx context.Context, by identity.Actor, id string, may func(identity.User) error) error {
	_, err := s.change(ctx, by, id, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if err := may(*u); err != nil {
			return nil, err
		}
		before := *u
		*u = identity.User{
			ID: u.ID, Rev: u.Rev, Deleted: true, UserType: u.UserType, Epoch: u.Epoch,
			CreatedAt: u.CreatedAt, PasswordSetAt: u.PasswordSetAt,
		}
		end := session.Cutoff(u, "", identity.EndedByDeletion, now)
		also := append(dropPicture(before, now), end, s.event(by, audit.UserDeleted, *u, now))
		return also, s.keepSeat(ctx, by, before, u)
	})
	return err
}

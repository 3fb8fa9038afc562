package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ErrLastSuperadmin answers what would leave nobody who governs the instance.
var ErrLastSuperadmin = fault.New(fault.Conflict, "last_superadmin", "this is the last superadmin: somebody else has to be one first")

// seat is what one superadmin holds, and whoever holds it cannot lose the role: docs/adr/0012
// has the proof that so there always is one.
func seat() identity.Identifier {
	return identity.Identifier{Kind: identity.SeatIdentifier, Value: identity.Superadmin}
}

func holdsSeat(u identity.User) bool { return slices.Contains(u.Identifiers, seat()) }

// governs reports whether u is a superadmin who may sign in.
func governs(u identity.User) bool {
	return u.UserType == identity.Superadmin && u.Active() && !u.Disabled
}

// keepSeat decides whether before may become after, the same account at the same revision. It
// must be asked after before was read and in front of the write that makes it so. store.ErrStale
// asks to start over. Whoever has the store in hand may do without a superadmin.
func (s *Service) keepSeat(ctx context.Context, by identity.Actor, before identity.User, after *identity.User) error {
	if governs(*after) {
		return nil
	}
	after.SetName(identity.SeatIdentifier, "")
	if by.CLI || !governs(before) {
		return nil
	}
	return s.seatAnother(ctx, before)
}

// seatAnother makes sure that a superadmin other than u holds the seat. That this one still is
// a superadmin and holds it is written, not only read: a compare-and-set cannot succeed on what
// is out of date.
func (s *Service) seatAnother(ctx context.Context, u identity.User) error {
	holder, err := s.Store.UserByIdentifier(ctx, seat())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return absent(err)
	}
	next, vacant := holder, err != nil
	if vacant || holder.ID == u.ID || !governs(holder) {
		if next, err = s.successor(ctx, u.ID); err != nil {
			return err
		}
	}
	if !vacant && holder.ID != next.ID && holder.ID != u.ID {
		if err := s.leaveSeat(ctx, holder); err != nil {
			return err
		}
	}
	if !holdsSeat(u) {
		return s.takeSeat(ctx, next)
	}
	if err := s.leaveSeat(ctx, u); err != nil {
		return err
	}
	if err := s.takeSeat(ctx, next); err != nil {
		return err
	}
	return store.ErrStale // u has moved: what is to be written is out of date
}

func (s *Service) leaveSeat(ctx context.Context, u identity.User) error {
	u.SetName(identity.SeatIdentifier, "")
	return moved(s.Store.UpdateUser(ctx, u))
}

func (s *Service) takeSeat(ctx context.Context, u identity.User) error {
	u.SetName(identity.SeatIdentifier, seat().Value)
	return moved(s.Store.UpdateUser(ctx, u))
}

// moved reads the outcome of a step of the seat: one that somebody else was quicker with is
// store.ErrStale.
func moved(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrStale), errors.Is(err, store.ErrExists):
		return store.ErrStale
	default:
		return fmt.Errorf("account: move the seat: %w", err)
	}
}

const seatPage = 50

// successor returns a superadmin other than the one with this id, or ErrLastSuperadmin.
func (s *Service) successor(ctx context.Context, id string) (identity.User, error) {
	for skip := 0; ; skip += seatPage {
		page, _, err := s.Store.SearchUsers(ctx, store.UserQuery{UserType: identity.Superadmin, Skip: skip, Limit: seatPage})
		if err != nil {
			return identity.User{}, absent(err)
		}
		if len(page) == 0 {
			return identity.User{}, ErrLastSuperadmin
		}
		for _, u := range page {
			if u.ID != id && governs(u) {
				return u, nil
			}
		}
	}
}

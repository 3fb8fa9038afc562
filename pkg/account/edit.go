package account

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Edit is what somebody wants their own account to be; nil leaves a part as it is.
type Edit struct {
	Profile  ProfileChange
	Username *string // empty gives it up
	Email    *string // becomes the address when its reader has proved to be the one
	Password string  // the current one, for what asks for it; not needed shortly after signing in
}

// Edit changes the actor's own account in one write and returns it as it then is. It never
// changes a role or what has been verified. Another address only begins to be theirs, as in
// ChangeEmail: it is returned as pending.
func (s *Service) Edit(ctx context.Context, by identity.Actor, e Edit) (u identity.User, pending string, err error) {
	draft := *by.User
	if err := e.apply(&draft); err != nil { // before anything is tried or counted
		return u, "", err
	}
	step := func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		before := *u
		if err := e.apply(u); err != nil || len(differing(before, *u)) == 0 {
			return nil, err
		}
		return []identity.Consequence{s.event(by, audit.UserUpdated, *u, now)}, nil
	}
	if !e.moves(*by.User) {
		u, err = s.change(ctx, by, by.User.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
			edited, err := step(u, now)
			if err == nil && len(edited) == 0 {
				err = errUnchanged
			}
			return edited, err
		})
		return u, "", err
	}
	offer, err := s.askMove(ctx, by, "email", *e.Email, e.Password)
	if err != nil {
		return u, "", err
	}
	u, err = s.change(ctx, by, by.User.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		edited, err := step(u, now)
		if err != nil {
			return nil, err
		}
		offered, err := offer(u, now)
		return append(edited, offered...), err
	})
	return u, *e.Email, err
}

// UpdateProfile changes what the actor's own account says of itself.
func (s *Service) UpdateProfile(ctx context.Context, by identity.Actor, c ProfileChange) (identity.User, error) {
	u, _, err := s.Edit(ctx, by, Edit{Profile: c})
	return u, err
}

// moves reports whether the edit asks for another address than u has.
func (e Edit) moves(u identity.User) bool {
	if e.Email == nil {
		return false
	}
	key, err := identity.CanonicalEmail(*e.Email)
	return err != nil || key != u.EmailKey()
}

// apply makes u what the edit asks for, but for the address.
func (e Edit) apply(u *identity.User) error {
	e.Profile.apply(u)
	bad := checkProfile(*u)
	if e.Username != nil {
		bad = append(bad, setUsername(u, *e.Username)...)
	}
	if e.Profile.HidesEmail != nil && *e.Profile.HidesEmail && u.Username == "" {
		bad = append(bad, fault.Field{
			Field: "visible_email", Code: "username_required", Message: "visible_email may be false only for who has a user name",
		})
	}
	if len(bad) > 0 {
		return fault.InvalidFields(bad...)
	}
	return nil
}

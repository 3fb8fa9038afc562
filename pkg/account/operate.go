package account

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// Setting is what an operator gives an account; nil leaves a part as it is.
type Setting struct {
	UserType *string
	Disabled *bool
	Verified *bool
}

func (c Setting) check(by identity.Actor) error {
	if c.UserType == nil {
		return nil
	}
	if !slices.Contains([]string{identity.Customer, identity.Admin, identity.Superadmin}, *c.UserType) {
		return fault.InvalidField("userType", "unknown_value", "userType is one of customer, admin, superadmin")
	}
	if !by.MayGrant(*c.UserType) {
		return ErrNotAllowed
	}
	return nil
}

// Create makes an account on an operator's word.
func (s *Service) Create(ctx context.Context, by identity.Actor, d Draft, set Setting) (identity.User, error) {
	if err := set.check(by); err != nil {
		return identity.User{}, err
	}
	u, err := s.Check(d)
	if err != nil {
		return identity.User{}, err
	}
	if u, err = s.Hash(ctx, u, d.Password); err != nil {
		return identity.User{}, err
	}
	set.apply(&u)
	return u, s.Insert(ctx, u, s.event(by, audit.UserCreated, u, u.CreatedAt, set.detail()...))
}

func (c Setting) apply(u *identity.User) {
	if c.UserType != nil {
		u.UserType = *c.UserType
	}
	if c.Disabled != nil {
		u.Disabled = *c.Disabled
	}
	if c.Verified != nil {
		u.EmailVerified = *c.Verified
	}
}

// detail says in names and values what an operator set.
func (c Setting) detail() []string {
	var pairs []string
	if c.UserType != nil {
		pairs = append(pairs, "user_type", *c.UserType)
	}
	if c.Disabled != nil {
		pairs = append(pairs, "disabled", strconv.FormatBool(*c.Disabled))
	}
	if c.Verified != nil {
		pairs = append(pairs, "email_verified", strconv.FormatBool(*c.Verified))
	}
	return pairs
}

// Set changes an account on an operator's word. Shutting it ends its sessions.
func (s *Service) Set(ctx context.Context, by identity.Actor, name string, set Setting) (identity.User, error) {
	if err := set.check(by); err != nil {
		return identity.User{}, err
	}
	found, err := s.Find(ctx, name)
	if err != nil {
		return identity.User{}, err
	}
	return s.change(ctx, by, found.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if !by.MayGrant(u.UserType) {
			return nil, ErrNotAllowed
		}
		set.apply(u)
		also := []identity.Consequence{s.event(by, audit.UserUpdated, *u, now, set.detail()...)}
		if u.Disabled {
			also = append(also, session.Cutoff(u, "", identity.EndedByAdmin, now))
		}
		return also, nil
	})
}

// List returns up to limit active accounts with ids after the given one.
func (s *Service) List(ctx context.Context, after string, limit int) ([]identity.User, error) {
	users, err := s.Store.Users(ctx, after, limit)
	if err != nil {
		return nil, absent(err)
	}
	return users, nil
}

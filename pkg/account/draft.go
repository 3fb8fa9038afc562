package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/password"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Draft is what somebody wants a new account to be.
type Draft struct {
	Email    string
	Password string
	Username string // empty means none
	Profile  ProfileChange
}

// Check validates a draft without touching the store, and returns the account it would
// make, with a fresh id and without its password.
func (s *Service) Check(d Draft) (identity.User, error) {
	now := s.Now()
	u := identity.User{
		ID: opaque.Random(identity.UserIDLength), Email: d.Email, UserType: identity.Customer,
		CreatedAt: now, UpdatedAt: now, PasswordSetAt: now,
	}
	d.Profile.apply(&u)
	bad := append(checkProfile(u), setUsername(&u, d.Username)...)
	key, err := identity.CanonicalEmail(d.Email)
	if err != nil {
		bad = append(bad, fault.Field{Field: "email", Code: "invalid_email", Message: "email is not an address we accept"})
	}
	if len(bad) > 0 {
		return identity.User{}, fault.InvalidFields(bad...)
	}
	u.SetName(identity.EmailIdentifier, key)
	if err := password.Check("password", d.Password, key, u.Profile.Name, u.Profile.LastName, u.Username); err != nil {
		return identity.User{}, err
	}
	return u, nil
}

// Hash gives a checked account its password. It takes its time on purpose, and happens
// before anything is written.
func (s *Service) Hash(ctx context.Context, u identity.User, plain string) (identity.User, error) {
	phc, err := s.Passwords.Hash(ctx, plain)
	if err != nil {
		return identity.User{}, fmt.Errorf("account: hash: %w", err)
	}
	u.PasswordHash = phc
	return u, nil
}

// Insert stores a new account and records also with it.
func (s *Service) Insert(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	err := s.Store.CreateUser(ctx, u, also...)
	if errors.Is(err, store.ErrExists) {
		return s.taken(ctx, u)
	}
	if err != nil {
		return fmt.Errorf("account: insert: %w", err)
	}
	return nil
}

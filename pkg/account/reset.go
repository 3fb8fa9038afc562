package account

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ErrLinkExpired answers the right UUID of a reset too late. Only its reader has it, so that this
// tells nobody else anything.
var ErrLinkExpired = fault.New(fault.Gone, "link_expired", "the link has expired; ask for a new one")

// ResetPassword takes the token of a mailed link and sets another password. It ends every
// session, signs nobody in, and counts the address as proved: the mail was read there (OWASP
// ASVS 6.4.3). Identities at providers are no way in any more: who has to reset a password may
// not know of all of them.
func (s *Service) ResetPassword(ctx context.Context, by identity.Actor, token, next string) error {
	of, t, err := s.holder(ctx, by, identity.ResetPassword, token)
	if err != nil {
		return err
	}
	return s.reset(ctx, by, of, t, next)
}

// ResetByID is ResetPassword by the UUID of a link that RequestResetID has mailed.
func (s *Service) ResetByID(ctx context.Context, by identity.Actor, id, next string) error {
	of, t, err := s.holderOfReset(ctx, by, id)
	if err != nil {
		return err
	}
	return s.reset(ctx, by, of, t, next)
}

func (s *Service) reset(ctx context.Context, by identity.Actor, of identity.User, t presented, next string) error {
	phc, err := s.hashNew(ctx, of, next)
	if err != nil {
		return err
	}
	_, err = s.spend(ctx, by, identity.ResetPassword, t, func(u *identity.User, proof identity.Proof, now time.Time) ([]identity.Consequence, error) {
		// Whoever made the account, or was in it, may have left another way in. An identity whose
		// verified address is the account's comes back by itself.
		u.DropLinked()
		if proof.Email == u.Email && !u.EmailVerified {
			u.EmailVerified = true
			u.Profile.RecoveryEmail = ""
		}
		return s.replacePassword(by, u, phc, now), nil
	})
	return err
}

// PeekReset returns the account that the UUID of a reset is about, and changes nothing.
func (s *Service) PeekReset(ctx context.Context, by identity.Actor, id string) (identity.User, error) {
	u, _, err := s.holderOfReset(ctx, by, id)
	return u, err
}

// promiseReset is promise for a reset whose token is a UUID: it does not name the account, which
// is therefore found by its hash.
func (s *Service) promiseReset(u *identity.User, request string, now time.Time) (id string, until time.Time) {
	prefix, _ := linkOf(identity.ResetPassword)
	id, until = opaque.NewUUID(), now.Add(s.ResetIDLife)
	hash, _ := opaque.HashUUID(prefix, id) // what NewUUID returns is one
	proof := identity.Proof{Purpose: identity.ResetPassword, Hash: hash, Email: u.Email, Request: request, ExpiresAt: until}
	u.SetProof(proof)
	u.SetName(identity.ResetIdentifier, proof.Name())
	return id, until
}

// holderOfReset is holder for the UUID of a reset.
func (s *Service) holderOfReset(ctx context.Context, by identity.Actor, id string) (identity.User, presented, error) {
	return s.tried(ctx, by, func() (identity.User, presented, error) {
		prefix, _ := linkOf(identity.ResetPassword)
		hash, ok := opaque.HashUUID(prefix, id)
		if !ok {
			return identity.User{}, presented{}, ErrInvalidLink
		}
		name := identity.Identifier{Kind: identity.ResetIdentifier, Value: identity.Proof{Hash: hash}.Name()}
		u, err := s.Store.UserByIdentifier(ctx, name)
		if errors.Is(err, store.ErrNotFound) {
			return u, presented{}, ErrInvalidLink
		}
		if err != nil {
			return u, presented{}, absent(err)
		}
		t := presented{u.ID, hash}
		if proof, ok := u.Proof(identity.ResetPassword); !ok || !t.is(proof) || !u.Active() {
			return u, t, ErrInvalidLink
		} else if !proof.Live(s.Now()) {
			return u, t, ErrLinkExpired
		}
		return u, t, nil
	})
}

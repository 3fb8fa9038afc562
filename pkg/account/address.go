package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ChangeEmail begins to give the actor's own account another address, after checking its
// password once more (OWASP ASVS 7.5.1). Nothing changes until the link that goes to the new
// address is used; the old address gets one that undoes it. The answer does not tell whether
// the new address has an account already: its owner is told.
func (s *Service) ChangeEmail(ctx context.Context, by identity.Actor, email, current string) error {
	key, err := identity.CanonicalEmail(email)
	if err != nil {
		return fault.InvalidField("newEmail", "invalid_email", "newEmail is not an address we accept")
	}
	if key == by.User.EmailKey() {
		return fault.InvalidField("newEmail", "unchanged", "newEmail is the address the account has")
	}
	if err := s.confirm(ctx, *by.User, current); err != nil {
		return err
	}
	owner, err := s.Store.UserByIdentifier(ctx, identity.Identifier{Kind: identity.EmailIdentifier, Value: key})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("account: look for the new address: %w", err)
	}
	taken := err == nil && owner.Active()
	_, err = s.change(ctx, by, by.User.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if u.PasswordHash != by.User.PasswordHash {
			return nil, session.ErrBusy // the password that was checked is no longer the password
		}
		return s.offerMove(by, u, email, owner, taken, now), nil
	})
	return err
}

// offerMove writes to both addresses.
func (s *Service) offerMove(by identity.Actor, u *identity.User, email string, owner identity.User, taken bool, now time.Time) []identity.Consequence {
	undo, undoUntil := promise(u, identity.UndoMove, u.Email, "", now)
	old := mail.Notice(*u, by, mail.AddressChange, now)
	old.Link, old.Until, old.NewEmail = s.Links.Cancel(undo), undoUntil, email
	fresh := mail.To(*u, by, mail.ConfirmAddress)
	if taken {
		u.DropProofs(identity.MoveEmail)
		fresh = mail.To(owner, by, mail.AccountExists)
		fresh.Link, fresh.At = s.Links.SignIn(), now
	} else {
		token, until := promise(u, identity.MoveEmail, email, "", now)
		fresh.To, fresh.Link, fresh.Until = email, s.Links.Verify(token), until
	}
	return []identity.Consequence{
		s.event(by, audit.EmailChangeAsked, *u, now), s.Outbox.Post(old, now), s.Outbox.Post(fresh, now),
	}
}

// move makes email the address of u. Links that went to the old address are worthless from
// then on, but for the one that undoes this.
func (s *Service) move(by identity.Actor, u *identity.User, email string, now time.Time) ([]identity.Consequence, error) {
	key, err := identity.CanonicalEmail(email)
	if err != nil {
		return nil, fmt.Errorf("account: the address of a link: %w", err)
	}
	names := slices.DeleteFunc(slices.Clone(u.Identifiers), func(id identity.Identifier) bool { return id.Kind == identity.EmailIdentifier })
	u.Identifiers = append(names, identity.Identifier{Kind: identity.EmailIdentifier, Value: key})
	u.Email, u.EmailVerified = email, true
	u.DropProofs(identity.ProveEmail, identity.MoveEmail, identity.ResetPassword)
	return []identity.Consequence{s.event(by, audit.EmailChanged, *u, now)}, nil
}

// CancelEmailChange takes the token of the link that went to the old address and undoes the
// change, whether it was asked for or has happened. Whoever asked for it knew the password,
// so that is worthless too and every session ends: the way back in is a reset, which is
// mailed to the old address at once.
func (s *Service) CancelEmailChange(ctx context.Context, by identity.Actor, token string) error {
	_, t, err := s.holder(ctx, by, identity.UndoMove, token)
	if err != nil {
		return err
	}
	_, err = s.spend(ctx, by, identity.UndoMove, t, func(u *identity.User, proof identity.Proof, now time.Time) ([]identity.Consequence, error) {
		moved := []identity.Consequence{s.event(by, audit.EmailChangeUndone, *u, now)}
		if u.Email != proof.Email {
			if moved, err = s.move(by, u, proof.Email, now); err != nil {
				return nil, err
			}
		}
		u.DropProofs(identity.MoveEmail)
		u.PasswordHash = ""
		reset := mail.To(*u, by, mail.ResetPassword)
		link, until := promise(u, identity.ResetPassword, u.Email, "", now)
		reset.Link, reset.Until = s.Links.Reset(link), until
		end := session.Cutoff(u, "", identity.EndedByAddressUndo, now)
		return append(moved, end, s.Outbox.Post(reset, now)), nil
	})
	return err
}

package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ChangeEmail begins to give the actor's own account another address, after checking its
// password once more (OWASP ASVS 7.5.1). Nothing changes until the link that goes to the new
// address is used; the old address gets one that undoes it. The answer does not tell whether
// the new address has an account already: its owner is told.
func (s *Service) ChangeEmail(ctx context.Context, by identity.Actor, email, current string) error {
	if key, err := identity.CanonicalEmail(email); err == nil && key == by.User.EmailKey() {
		return fault.InvalidField("newEmail", "unchanged", "newEmail is the address the account has")
	}
	offer, err := s.askMove(ctx, by, "newEmail", email, current)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, by, by.User.ID, offer)
	return err
}

// askMove decides whether the actor may ask for another address now, and returns the change of
// their account that offers it. field is what the request calls the address.
func (s *Service) askMove(ctx context.Context, by identity.Actor, field, email, current string) (
	func(u *identity.User, now time.Time) ([]identity.Consequence, error), error,
) {
	key, err := identity.CanonicalEmail(email)
	if err != nil {
		return nil, fault.InvalidField(field, "invalid_email", field+" is not an address we accept")
	}
	if err := s.again(ctx, by, current, s.asks(by, key)); err != nil {
		return nil, err
	}
	if err := s.mayWarn(ctx, *by.User); err != nil {
		return nil, err
	}
	owner, err := s.Store.UserByIdentifier(ctx, identity.Identifier{Kind: identity.EmailIdentifier, Value: key})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("account: look for the new address: %w", err)
	}
	taken := err == nil && owner.Active()
	return func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if u.PasswordHash != by.User.PasswordHash {
			return nil, session.ErrBusy // the password that was checked is no longer the password
		}
		if undo, ok := u.Proof(identity.UndoMove); ok && undo.Live(now) && undo.Email != u.Email {
			return nil, ErrMovedLately // another link would take its place
		}
		return s.offerMove(by, u, email, owner, taken, now), nil
	}, nil
}

// freshFor is how long after signing in nobody is asked for the password again (OWASP ASVS
// 7.5.1). It holds where a dialect has no way to ask.
const freshFor = 10 * time.Minute

// again makes sure that the actor has proved themselves lately: by the password, or else, if
// they have none or hold their session by its id, by having signed in a moment ago. others are
// counted.
func (s *Service) again(ctx context.Context, by identity.Actor, current string, others ...limit.Hit) error {
	if by.User.HasPassword() && (current != "" || !by.HoldsID) {
		return s.tryCurrent(ctx, *by.User, current, others...)
	}
	if err := s.fresh(by); err != nil {
		return err
	}
	return s.Guard.Take(ctx, others[0], others[1:]...)
}

// fresh makes sure that the actor has signed in a moment ago.
func (s *Service) fresh(by identity.Actor) error {
	if s.Now().Sub(by.Session.AuthTime) > freshFor {
		return ErrReauth
	}
	return nil
}

// mayWarn counts the mail that lets the owner undo a change of address. It leaves whatever
// else its reader got: nobody is to lose it in a flood of other mails. An address that nobody
// has proved to read may be a stranger's, who is not to be flooded by it.
func (s *Service) mayWarn(ctx context.Context, u identity.User) error {
	err := s.Room(ctx, u.EmailKey())
	if errors.Is(err, limit.ErrRateLimited) && u.EmailVerified {
		return nil
	}
	return err
}

// offerMove writes to both addresses.
func (s *Service) offerMove(by identity.Actor, u *identity.User, email string, owner identity.User, taken bool, now time.Time) []identity.Consequence {
	undo, undoUntil := promise(u, identity.UndoMove, u.Email, "", now)
	old := mail.Notice(*u, by, mail.AddressChange, now)
	old.Link, old.Until, old.NewEmail, old.Counted = s.Links.Cancel(undo), undoUntil, email, true
	fresh := mail.Notice(*u, by, mail.ConfirmAddress, now)
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
	u.SetName(identity.EmailIdentifier, key)
	u.Email, u.EmailVerified = email, true
	u.DropProofs(identity.ProveEmail, identity.MoveEmail, identity.ResetPassword, identity.SignIn)
	return []identity.Consequence{s.event(by, audit.EmailChanged, *u, now)}, nil
}

// CancelEmailChange takes the token of the link that went to the old address and undoes the
// change, whether it was asked for or has happened. Whoever asked for it knew the password or had
// another way in, so all of these are worthless too and every session ends: the way back in is a reset, which is
// mailed to the old address at once.
func (s *Service) CancelEmailChange(ctx context.Context, by identity.Actor, token string) error {
	u, t, err := s.holder(ctx, by, identity.UndoMove, token)
	if err != nil {
		return err
	}
	err = s.undoMove(ctx, by, t)
	if !errors.Is(err, ErrEmailExists) {
		return err
	}
	proof, _ := u.Proof(identity.UndoMove)
	if err := s.evict(ctx, by, proof.Email); err != nil {
		return err
	}
	return s.undoMove(ctx, by, t)
}

func (s *Service) undoMove(ctx context.Context, by identity.Actor, t presented) error {
	_, err := s.spend(ctx, by, identity.UndoMove, t, func(u *identity.User, proof identity.Proof, now time.Time) ([]identity.Consequence, error) {
		moved := []identity.Consequence{s.event(by, audit.EmailChangeUndone, *u, now)}
		if u.Email != proof.Email {
			also, err := s.move(by, u, proof.Email, now)
			if err != nil {
				return nil, err
			}
			moved = append(moved, also...)
		}
		u.DropProofs(identity.MoveEmail)
		u.DropLinked() // one of them may be theirs
		u.PasswordHash = ""
		reset := mail.To(*u, by, mail.ResetPassword)
		link, until := promise(u, identity.ResetPassword, u.Email, "", now)
		reset.Link, reset.Until, reset.Counted = s.Links.Reset("", link), until, true // the only way back in
		end := session.Cutoff(u, "", identity.EndedByAddressUndo, now)
		return append(moved, end, s.Outbox.Post(reset, now)), nil
	})
	return err
}

// evict deletes the account that somebody has made with an address meanwhile and not proved to
// read: they made it to keep its reader out, or they are its reader. An account whose holder
// has proved it stays.
func (s *Service) evict(ctx context.Context, by identity.Actor, email string) error {
	squatter, err := s.Find(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return nil // gone meanwhile, or about to be
	}
	if err != nil {
		return err
	}
	return s.eraseIf(ctx, by, squatter.ID, func(u identity.User) error {
		if u.EmailVerified || u.IsAdmin() { // an operator vouches for whom they gave a role
			return ErrEmailExists
		}
		return nil
	})
}

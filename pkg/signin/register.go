package signin

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// Register makes an account and signs it in. With an invitation code the account gets what
// the invitation assigns, and exactly one use of it is spent. Where addresses must be
// verified first the Grant has no session, and an address that has an account already is
// answered in the same way, with a user who was never stored: ok is false, err is nil.
func (s *Service) Register(ctx context.Context, by identity.Actor, d account.Draft, code string) (g session.Grant, ok bool, err error) {
	if err := s.mayRegister(code); err != nil {
		return session.Grant{}, false, err
	}
	u, err := s.Accounts.Check(d)
	if err != nil {
		return session.Grant{}, false, err
	}
	if err := s.admitRegistration(ctx, by, u, code); err != nil {
		return session.Grant{}, false, err
	}
	if u, err = s.Accounts.Hash(ctx, u, d.Password); err != nil {
		return session.Grant{}, false, err
	}
	if code == "" {
		s.wish(&u)
		welcome := s.Accounts.Welcome(&u, by)
		err = s.Accounts.Insert(ctx, u, s.event(by, audit.UserRegistered, u), welcome)
	} else {
		u, err = s.redeem(ctx, by, u, code, s.event(by, audit.UserRegistered, u))
	}
	if s.RequireVerified && isTaken(err) {
		return session.Grant{User: u}, false, s.Accounts.RegisteredAgain(ctx, by, u.EmailKey())
	}
	if err != nil || s.RequireVerified && !u.EmailVerified {
		return session.Grant{User: u}, false, err
	}
	g, err = s.Sessions.Start(ctx, by, u, []string{"pwd"}, s.event(by, audit.SignIn, u))
	return g, err == nil, err
}

func (s *Service) mayRegister(code string) error {
	switch {
	case s.Registration == Closed:
		return ErrRegistrationClosed
	case s.Registration == InviteOnly && code == "":
		return ErrInvitationRequired
	default:
		return nil
	}
}

func (s *Service) admitRegistration(ctx context.Context, by identity.Actor, u identity.User, code string) error {
	from, addressed := limit.Origin(by)
	if !addressed {
		from += "|" + u.EmailKey()
	}
	var others []limit.Hit
	if code != "" {
		others = append(others, limit.Hit{Policy: s.Limits.Code, Subject: from})
	}
	return s.Guard.Take(ctx, limit.Hit{Policy: s.Limits.Register, Subject: from}, others...)
}

// redeem registers u with one use of an invitation: reserve, insert, settle. registered is the
// event that says so. Where u is known not to have come to be the use is free again.
func (s *Service) redeem(ctx context.Context, by identity.Actor, u identity.User, code string, registered identity.Consequence) (identity.User, error) {
	inv, err := s.Invites.Reserve(ctx, code, u.EmailKey(), u.ID)
	if err != nil {
		return u, err
	}
	u.Provisional, u.InvitationID, u.UserType, u.Claims, u.ReferralTokens = true, inv.ID, inv.UserType, inv.Claims, inv.ReferralTokens
	also := []identity.Consequence{registered, s.Invites.Redemption(u.ID, inv.ID)}
	if inv.Mailed() {
		u.EmailVerified = true
		s.Accounts.Introduce(&u, by)
	}
	if !u.EmailVerified {
		s.wish(&u)
		also = append(also, s.Accounts.Welcome(&u, by))
	}
	err = s.Accounts.Insert(ctx, u, also...)
	if isTaken(err) || errors.Is(err, account.ErrUsernameExists) || errors.Is(err, account.ErrLinkedElsewhere) {
		if ferr := s.Invites.Free(ctx, inv.ID, u.ID); ferr != nil {
			return u, ferr
		}
	}
	if err != nil {
		return u, err // of unknown outcome: the repair settles or frees the use
	}
	good, err := s.Invites.Settle(ctx, u.ID, inv.ID)
	if err != nil {
		return u, err
	}
	if !good {
		return u, ErrRegistrationUndone
	}
	u.Provisional = false
	return u, nil
}

// wish keeps the user name of somebody who has yet to prove their address from telling, by being
// taken, whether the address of this sign-up was.
func (s *Service) wish(u *identity.User) {
	if s.RequireVerified {
		account.Wish(u)
	}
}

func isTaken(err error) bool { return errors.Is(err, account.ErrEmailExists) }

package signin

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// ErrEmailRequired answers somebody new whose provider does not tell an address.
var ErrEmailRequired = fault.New(fault.Forbidden, "social_email_required", "the provider does not tell your e-mail address; allow it there, or sign up with a password")

// assertRounds bounds how often an assertion starts over because somebody else was quicker, and
// assertPause is how much longer it waits each time.
const (
	assertRounds = 8
	assertPause  = 20 * time.Millisecond
)

// Assert signs in whom an identity provider vouches for: into the account that the identity is
// linked to, or else the one with its verified address, which it is then linked to, or else a new
// one under the registration policy. An address that the provider does not vouch for finds no
// account: where addresses must be verified first it is answered by ErrUnverified whether or not
// somebody has it, and mailed as Register does; elsewhere by account.ErrEmailExists.
//
// An invitation code, if there is one, is somebody new's, and is answered and counted as at
// Register: exactly one use is spent for the account that is made. Who has an account comes in
// whatever the code is, and spends nothing of it.
//
// The session has no AMR: RFC 8176 has no value for what happened elsewhere.
func (s *Service) Assert(ctx context.Context, by identity.Actor, a identity.Assertion, code string) (session.Grant, error) {
	a, err := account.Tidy(a)
	if err != nil {
		return session.Grant{}, err
	}
	by.User, by.Session = nil, nil // who comes in is nobody yet
	admitted := false
	for round := range assertRounds {
		s.Wait(ctx, time.Duration(round)*assertPause)
		u, err := s.Accounts.ByAssertion(ctx, by, a, s.mayEnter)
		if errors.Is(err, ErrUnverified) && !admitted {
			// Theirs, and it waits for a click. It counts as the sign-up before it did: to whoever
			// tries again it is to look like an address that somebody else has.
			if err := s.admitRegistration(ctx, by, s.Accounts.Newcomer(by, a), code); err != nil {
				return session.Grant{}, err
			}
		}
		if errors.Is(err, account.ErrNotFound) {
			if err := s.admitNewcomer(ctx, by, a, code, admitted); err != nil {
				return session.Grant{}, err
			}
			admitted = true
			u, err = s.newcomer(ctx, by, a, code)
		}
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if err != nil {
			return session.Grant{}, err
		}
		return s.enter(ctx, by, u, s.eventBy(by, audit.SignIn, u, a.Provider))
	}
	return session.Grant{}, session.ErrBusy
}

// admitNewcomer decides whether somebody new may make an account, and counts them once.
func (s *Service) admitNewcomer(ctx context.Context, by identity.Actor, a identity.Assertion, code string, counted bool) error {
	if a.Email == "" {
		return ErrEmailRequired
	}
	if err := s.mayRegister(code); err != nil || counted {
		return err
	}
	return s.admitRegistration(ctx, by, s.Accounts.Newcomer(by, a), code)
}

// newcomer makes the account of somebody new. store.ErrStale asks to start over: nothing has been
// made then, and no use of the invitation is spent.
func (s *Service) newcomer(ctx context.Context, by identity.Actor, a identity.Assertion, code string) (identity.User, error) {
	u := s.Accounts.Newcomer(by, a)
	registered := s.eventBy(by, audit.UserRegistered, u, a.Provider)
	var err error
	if code == "" {
		also := []identity.Consequence{registered}
		if !u.EmailVerified {
			also = append(also, s.Accounts.Welcome(&u, by))
		}
		err = s.Accounts.Insert(ctx, u, also...)
		u.Rev = 1
	} else {
		u, err = s.redeem(ctx, by, u, code, registered)
	}
	switch {
	case err == nil:
		return u, s.mayEnter(u)
	case errors.Is(err, account.ErrLinkedElsewhere), isTaken(err) && a.EmailVerified:
		return u, store.ErrStale // the one who was quicker is found now
	case errors.Is(err, invite.ErrUsedUp):
		return u, s.overtaken(ctx, a, err)
	case isTaken(err):
		return u, s.clash(ctx, by, u, a)
	default:
		return u, err
	}
}

// overtaken returns store.ErrStale when somebody has the identity by now, and err otherwise: another
// request of theirs may have made the account, with the last use of the invitation.
func (s *Service) overtaken(ctx context.Context, a identity.Assertion, err error) error {
	switch linked, lookErr := s.held(ctx, a.Identifier()); {
	case lookErr != nil:
		return lookErr
	case linked:
		return store.ErrStale
	default:
		return err
	}
}

// clash answers somebody new whose address an account has, and whom no provider vouches for.
func (s *Service) clash(ctx context.Context, by identity.Actor, u identity.User, a identity.Assertion) error {
	taken, err := s.taken(ctx, u.EmailKey())
	switch {
	case err != nil:
		return err
	case !taken:
		return store.ErrStale // it is being made, maybe by the same identity
	}
	if err := s.overtaken(ctx, a, nil); err != nil {
		return err
	}
	if !s.RequireVerified {
		return account.ErrEmailExists
	}
	if err := s.Accounts.RegisteredAgain(ctx, by, u.EmailKey()); err != nil {
		return err
	}
	return ErrUnverified
}

package account

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// errOwnDoor is ErrNotAllowed for administrators who turn what is for others on themselves.
var errOwnDoor = fault.New(fault.Forbidden, ErrNotAllowed.Code, "this is how administrators change other accounts; change your own where every user does, which asks for your password")

// Create makes an account on an operator's or an administrator's word. What set names beside
// the draft takes the draft's place. An administrator's new account is mailed a link to prove its
// address, unless they vouch for it.
func (s *Service) Create(ctx context.Context, by identity.Actor, d Draft, set Setting) (identity.User, error) {
	if err := set.mayMake(by); err != nil {
		return identity.User{}, err
	}
	u, err := s.Check(set.amend(d))
	if err != nil {
		return identity.User{}, err
	}
	if u, err = s.Hash(ctx, u, set.amend(d).Password); err != nil {
		return identity.User{}, err
	}
	if by, err = s.asNow(ctx, by); err != nil {
		return identity.User{}, err
	}
	if err := set.mayMake(by); err != nil {
		return identity.User{}, err
	}
	set.give(&u)
	also := []identity.Consequence{s.event(by, audit.UserCreated, u, u.CreatedAt, set.detail()...)}
	if by.User != nil && !u.EmailVerified { // an administrator's word does not prove who reads the address
		also = append(also, s.Outbox.Post(s.verification(&u, identity.Actor{}, "", u.CreatedAt), u.CreatedAt))
	}
	return u, s.Insert(ctx, u, also...)
}

// Set changes an account in one write, on an operator's or an administrator's word. Shutting it
// ends its sessions; another role holds from the next request on. Administrators may change
// what they say of themselves this way and give up their role; ErrNotAllowed for the rest.
func (s *Service) Set(ctx context.Context, by identity.Actor, name string, set Setting) (identity.User, error) {
	found, err := s.target(ctx, by, name)
	if err != nil {
		return identity.User{}, err
	}
	if err := set.check(); err != nil {
		return identity.User{}, err
	}
	return s.change(ctx, by, found.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		by, err := s.asNow(ctx, by)
		if err != nil {
			return nil, err
		}
		before, news := *u, set.news(*u)
		if err := news.allowed(by, before); err != nil {
			return nil, err
		}
		also, err := s.apply(by, u, news, now)
		if err != nil {
			return nil, err
		}
		return also, s.keepSeat(ctx, by, before, u)
	})
}

// apply makes u what set says and returns what follows from it.
func (s *Service) apply(by identity.Actor, u *identity.User, set Setting, now time.Time) ([]identity.Consequence, error) {
	before := *u
	set.Profile.apply(u)
	bad := checkProfile(*u)
	if set.Username != nil {
		bad = append(bad, setUsername(u, *set.Username)...)
	}
	also, refused := s.readdress(by, u, set.Email, now)
	if bad = append(bad, refused...); len(bad) > 0 {
		return nil, fault.InvalidFields(bad...)
	}
	set.give(u)
	detail := set.detail()
	if fields := differing(before, *u); len(fields) > 0 {
		detail = append(detail, "fields", strings.Join(fields, " "))
	}
	also = append(also, s.event(by, audit.UserUpdated, *u, now, detail...))
	if set.Disabled != nil && u.Disabled {
		also = append(also, session.Cutoff(u, "", identity.EndedByAdmin, now))
	}
	return also, nil
}

// target returns the account that an operator or an administrator names. Nobody else learns
// whether there is such an account.
func (s *Service) target(ctx context.Context, by identity.Actor, name string) (identity.User, error) {
	if !operates(by) {
		return identity.User{}, ErrNotAllowed
	}
	return s.Find(ctx, name)
}

// operates reports whether by acts on other accounts at all.
func operates(by identity.Actor) bool { return by.MayGrant(identity.Customer) }

// asNow returns by with the role it has now: a request that was held up must not outlive it.
func (s *Service) asNow(ctx context.Context, by identity.Actor) (identity.Actor, error) {
	if by.Session == nil {
		return by, nil
	}
	u, err := s.Store.User(ctx, by.User.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return by, absent(err)
	}
	if !by.Session.Live(u, s.Now()) {
		return by, session.ErrSessionEnded
	}
	by.User = &u
	return by, nil
}

// mayAct decides whether by may do to u what is not for oneself.
func (s *Service) mayAct(ctx context.Context, by identity.Actor, u identity.User) error {
	by, err := s.asNow(ctx, by)
	switch {
	case err != nil:
		return err
	case !operates(by):
		return ErrNotAllowed
	case owns(by, u):
		return errOwnDoor
	case !by.MayActOn(u):
		return ErrNotAllowed
	default:
		return nil
	}
}

func owns(by identity.Actor, u identity.User) bool { return by.User != nil && by.User.ID == u.ID }

// List returns up to limit active accounts with ids after the given one.
func (s *Service) List(ctx context.Context, after string, limit int) ([]identity.User, error) {
	users, err := s.Store.Users(ctx, after, limit)
	if err != nil {
		return nil, absent(err)
	}
	return users, nil
}

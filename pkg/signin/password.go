package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// maxDelay is the longest an attempt on a besieged account waits. It stays well below what
// clients and the server itself give a request.
const maxDelay = 4 * time.Second

// Password signs somebody in by e-mail address and password.
func (s *Service) Password(ctx context.Context, by identity.Actor, email, password string) (session.Grant, error) {
	key, err := identity.CanonicalEmail(email)
	if err != nil {
		return session.Grant{}, fault.InvalidField("email", "invalid_email", "email is not an address we accept")
	}
	return s.byPassword(ctx, by, identity.Identifier{Kind: identity.EmailIdentifier, Value: key}, password)
}

// PasswordOf is Password for dialects that take an e-mail address or a user name. A string that
// is neither is nobody's.
func (s *Service) PasswordOf(ctx context.Context, by identity.Actor, name, password string) (session.Grant, error) {
	id, err := identity.ParseName(name)
	if err != nil {
		return session.Grant{}, ErrBadCredentials
	}
	return s.byPassword(ctx, by, id, password)
}

func (s *Service) byPassword(ctx context.Context, by identity.Actor, name identity.Identifier, password string) (session.Grant, error) {
	u, err := s.find(ctx, name)
	if err != nil {
		return session.Grant{}, err
	}
	attempt, err := s.admit(ctx, by, name)
	if err != nil {
		return session.Grant{}, err
	}
	ok, rehash, err := s.verify(ctx, u, password)
	if err != nil {
		return session.Grant{}, fmt.Errorf("signin: verify: %w", err)
	}
	if !ok {
		return session.Grant{}, s.refuse(ctx, by, u)
	}
	if err := s.mayEnter(u); err != nil {
		return session.Grant{}, err
	}
	if rehash {
		u = s.rehash(ctx, u, password)
	}
	if err := s.Guard.Forget(ctx, attempt); err != nil {
		return session.Grant{}, fmt.Errorf("signin: forget attempts: %w", err)
	}
	return s.enter(ctx, by, u, s.event(by, audit.SignIn, u), "pwd")
}

// enter opens a session for u, who has just proved to be its holder by these methods (RFC 8176),
// and records how.
// Every way into an account that there is ends here: what it may have to show beside the first
// proof, such as a second factor, is asked for in this place. (Who has just registered has none
// yet, and who changes their password is in already.)
func (s *Service) enter(ctx context.Context, by identity.Actor, u identity.User, how identity.Consequence, amr ...string) (session.Grant, error) {
	also := append(s.Accounts.NewClient(u, by), how)
	return s.Sessions.Start(ctx, by, u, amr, also...)
}

// find returns the active account of a name, or an empty one.
func (s *Service) find(ctx context.Context, name identity.Identifier) (identity.User, error) {
	u, err := s.Store.UserByIdentifier(ctx, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && !u.Active() {
		return identity.User{}, nil
	}
	if err != nil {
		return identity.User{}, fmt.Errorf("signin: find account: %w", err)
	}
	return u, nil
}

// admit counts the attempt before any hashing (OWASP ASVS 6.3.1) and returns what a success
// takes back: only the budget of this name from this address. It counts names and not accounts,
// so that a budget does not tell whether two names are of one account, or of any.
func (s *Service) admit(ctx context.Context, by identity.Actor, name identity.Identifier) (limit.Hit, error) {
	who := string(name.Kind) + ":" + name.Value
	from, addressed := limit.Origin(by)
	here := limit.Hit{Policy: s.Limits.Login, Subject: who + "|" + from}
	var others []limit.Hit
	if addressed {
		others = append(others, limit.Hit{Policy: s.Limits.Address, Subject: from})
	}
	if err := s.Guard.Take(ctx, here, others...); err != nil {
		return here, err
	}
	if over, err := s.Guard.Over(ctx, limit.Hit{Policy: s.Limits.Account, Subject: who}); err != nil {
		return here, err
	} else if over > 0 {
		// The whole world is trying this account. Refusing would lock its owner out, so
		// everybody waits a little instead, the longer the more attempts there are.
		s.Wait(ctx, min(maxDelay, time.Duration(over)*100*time.Millisecond))
	}
	return here, nil
}

// verify spends the same work whether or not there is an account or a password.
func (s *Service) verify(ctx context.Context, u identity.User, password string) (ok, rehash bool, err error) {
	if u.PasswordHash == "" {
		return false, false, s.Passwords.VerifyNobody(ctx, password)
	}
	return s.Passwords.Verify(ctx, u.PasswordHash, password)
}

// refuse records a failed attempt and answers it.
func (s *Service) refuse(ctx context.Context, by identity.Actor, u identity.User) error {
	if err := s.Store.Record(ctx, s.event(by, audit.SignInFailed, u)); err != nil {
		return fmt.Errorf("signin: record: %w", err)
	}
	return ErrBadCredentials
}

// mayEnter is told to the holder of the right password, or of a good link, only.
func (s *Service) mayEnter(u identity.User) error {
	switch {
	case u.Disabled:
		return ErrDisabled
	case s.RequireVerified && !u.EmailVerified:
		return ErrUnverified
	default:
		return nil
	}
}

// rehash brings the stored hash up to today's parameters. It is a by-product: when it fails
// or another change came first, the next sign-in tries again.
func (s *Service) rehash(ctx context.Context, u identity.User, password string) identity.User {
	phc, err := s.Passwords.Hash(ctx, password)
	if err != nil {
		return u
	}
	next := u
	next.PasswordHash = phc
	if err := s.Store.UpdateUser(ctx, next); err != nil {
		s.Log.InfoContext(ctx, "password hash not renewed", "user", u.ID, "error", err)
		return u
	}
	next.Rev++
	return next
}

func (s *Service) event(by identity.Actor, kind string, u identity.User) identity.Consequence {
	return s.eventBy(by, kind, u, "")
}

// eventBy is event for what happened by an identity at a provider.
func (s *Service) eventBy(by identity.Actor, kind string, u identity.User, provider string) identity.Consequence {
	e := identity.Event{At: s.Now(), Type: kind, Actor: by.Name(), IP: by.Client.IP}
	if provider != "" {
		e.Detail = map[string]string{"provider": provider}
	}
	if u.ID != "" {
		e.Subject = "user:" + u.ID
	}
	return audit.Record(e)
}

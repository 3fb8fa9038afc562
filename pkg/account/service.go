package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Errors of this package.
var (
	// ErrEmailExists answers an address that another account has.
	ErrEmailExists = fault.New(fault.Conflict, "email_exists", "an account with this e-mail address exists")
	// ErrWrongPassword answers a current password that is not the account's.
	ErrWrongPassword = fault.New(fault.Unauthenticated, "bad_credentials", "the current password is wrong")
	// ErrNotFound answers an id or address that names no account.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such account")
	// ErrMovedLately answers a change of address while the one before can still be undone.
	ErrMovedLately = fault.New(fault.Conflict, "email_changed_lately", "the address was changed in the last three days and cannot be changed again yet")
	// ErrUsernameExists answers a user name that another account has.
	ErrUsernameExists = fault.New(fault.Conflict, "username_exists", "another account has this user name")
	// ErrReauth answers what needs a proof of identity that is not older than a few minutes.
	ErrReauth = fault.New(fault.Forbidden, "reauth_required", "send the current password, or sign in again, to change this")
	// ErrNotAllowed answers an attempt on an account that is not the actor's to change, or to
	// give somebody what is not theirs to give.
	ErrNotAllowed = fault.New(fault.Forbidden, "insufficient_scope", "you may not change this account")
)

// Passwords hashes and checks passwords; password.Hasher is one.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, phc, password string) (ok, rehash bool, err error)
	VerifyNobody(ctx context.Context, password string) error
}

// Store is what the service reads and records.
type Store interface {
	store.Users
	store.Consequences
}

// Limits are the budgets of what strangers and thieves could try.
type Limits struct {
	Confirm   limit.Policy   // how often the current password of one account may be tried
	Proof     limit.Policy   // one-time tokens tried, per address
	Mail      limit.Policy   // mails asked for, per address
	Recipient []limit.Policy // mails to one recipient: the budgets that every mail is counted by; at least one
}

// Service is the one place where accounts change. All fields are needed; it is safe for
// concurrent use.
type Service struct {
	Store     Store
	Passwords Passwords
	Sessions  *session.Service
	Guard     *limit.Guard
	Limits    Limits
	Outbox    mail.Outbox
	Links     mail.Links
	// ResetIDLife is how long the UUID of a reset is good.
	ResetIDLife time.Duration
	// Usable reports whether people can sign in by their identity at a provider of this name now;
	// nil means by none.
	Usable func(provider string) bool
	Now    func() time.Time
	Log    *slog.Logger
}

// maxRounds bounds how often a change starts over because another one came first.
const maxRounds = 5

// errUnchanged is what the function of a change returns when there is nothing to write.
var errUnchanged = errors.New("account: nothing to change")

// change applies f to the stored account and writes it, starting over when it changed in
// between, or when f says store.ErrStale. What f returns is recorded in the same write.
func (s *Service) change(ctx context.Context, by identity.Actor, id string, f func(u *identity.User, now time.Time) ([]identity.Consequence, error)) (identity.User, error) {
	granted := true // wishes are, until one turns out to be somebody else's name
	for range maxRounds {
		now := s.Now()
		u, err := s.mayChange(ctx, by, id, now)
		if err != nil {
			return identity.User{}, err
		}
		also, err := f(&u, now)
		if errors.Is(err, store.ErrStale) {
			continue
		}
		if errors.Is(err, errUnchanged) {
			return u, nil
		}
		if err != nil {
			return identity.User{}, err
		}
		wished := fulfil(&u, granted)
		if u.Username == "" {
			u.Profile.HidesEmail = false // others have to know the user by something
		}
		u.UpdatedAt = now
		err = s.Store.UpdateUser(ctx, u, also...)
		switch {
		case err == nil:
			u.Rev++
			return u, nil
		case errors.Is(err, store.ErrStale):
			continue
		case errors.Is(err, store.ErrExists):
			if err = s.taken(ctx, u); !wished || !errors.Is(err, ErrUsernameExists) {
				return identity.User{}, err
			}
			granted = false
		default:
			return identity.User{}, fmt.Errorf("account: write: %w", err)
		}
	}
	return identity.User{}, session.ErrBusy
}

// mayChange reads an account that is going to be changed. Whoever changes their own does so by a
// session that still lives: a request that was held up must not outlive a sign-out.
func (s *Service) mayChange(ctx context.Context, by identity.Actor, id string, now time.Time) (identity.User, error) {
	u, err := s.Store.User(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return u, absent(err)
	}
	if by.Session != nil && by.User.ID == id && !by.Session.Live(u, now) {
		return u, session.ErrSessionEnded
	}
	if err != nil || !u.Active() {
		return u, ErrNotFound
	}
	return u, nil
}

func absent(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return fmt.Errorf("account: read: %w", err)
}

// Find returns the active account that a local id or an e-mail address names.
func (s *Service) Find(ctx context.Context, name string) (identity.User, error) {
	var u identity.User
	var err error
	if key, bad := identity.CanonicalEmail(name); bad == nil {
		u, err = s.Store.UserByIdentifier(ctx, identity.Identifier{Kind: identity.EmailIdentifier, Value: key})
	} else {
		u, err = s.Store.User(ctx, name)
	}
	if err != nil {
		return identity.User{}, absent(err)
	}
	if !u.Active() {
		return identity.User{}, ErrNotFound
	}
	return u, nil
}

// event records what by did to u; pairs are names and values of its detail.
func (s *Service) event(by identity.Actor, kind string, u identity.User, now time.Time, pairs ...string) identity.Consequence {
	e := identity.Event{At: now, Type: kind, Actor: by.Name(), Subject: "user:" + u.ID, IP: by.Client.IP}
	for i := 0; i+1 < len(pairs); i += 2 {
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		e.Detail[pairs[i]] = pairs[i+1]
	}
	if by.Session != nil {
		e.Session = by.Session.ID
	}
	return audit.Record(e)
}

// taken says which name of u another account has: the store does not. One whose holder is only
// on the way is found with nobody; it is then the one that u does not hold.
func (s *Service) taken(ctx context.Context, u identity.User) error {
	for _, l := range u.Linked {
		holder, err := s.holds(ctx, identity.LinkedIdentifier, l.Identifier().Value)
		if err != nil {
			return err
		}
		if holder != "" && holder != u.ID {
			return ErrLinkedElsewhere
		}
	}
	if u.UsernameKey() == "" {
		return ErrEmailExists
	}
	email, err := s.holds(ctx, identity.EmailIdentifier, u.EmailKey())
	if err != nil {
		return err
	}
	username, err := s.holds(ctx, identity.UsernameIdentifier, u.UsernameKey())
	if err != nil {
		return err
	}
	if email != u.ID && (email != "" || username == u.ID) {
		return ErrEmailExists
	}
	return ErrUsernameExists
}

// holds returns the id of whoever holds a name, empty when nobody does.
func (s *Service) holds(ctx context.Context, kind identity.IdentifierKind, value string) (string, error) {
	holder, err := s.Store.UserByIdentifier(ctx, identity.Identifier{Kind: kind, Value: value})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", absent(err)
	}
	return holder.ID, nil
}

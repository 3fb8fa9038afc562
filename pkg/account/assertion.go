package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// errUnproved answers an assertion about the address of an account with a role that nobody has
// proved to read: an operator gave the role to whoever knows the password, not to a mailbox.
var errUnproved = fault.New(fault.Forbidden, "email_not_verified", "verify the e-mail address of your account before you sign in this way")

// errElsewhere is what a change finds whose account is not the one to change any more.
var errElsewhere = errors.New("account: the identity or the address is another account's by now")

const (
	maxSubject = 255 // OpenID Connect Core section 2
	maxPicture = 2048
)

// Tidy returns what may be kept of an assertion: an address, a name or a picture that breaks a
// rule of ours is as good as none. An assertion that is about nobody in particular is an error.
func Tidy(a identity.Assertion) (identity.Assertion, error) {
	if a.Provider == "" || strings.Contains(a.Provider, ":") || a.Subject == "" || len(a.Subject) > maxSubject || !visible(a.Subject, false) {
		return a, fmt.Errorf("account: an assertion of provider %q about nobody", a.Provider)
	}
	if _, err := identity.CanonicalEmail(a.Email); err != nil {
		a.Email, a.EmailVerified = "", false
	}
	a.Name = strings.TrimSpace(a.Name)
	if utf8.RuneCountInString(a.Name) > maxName || !visible(a.Name, false) {
		a.Name = ""
	}
	if at, err := url.Parse(a.Picture); err != nil || at.Scheme != "https" || at.Host == "" || len(a.Picture) > maxPicture {
		a.Picture = ""
	}
	return a, nil
}

// ByAssertion returns the account to sign in to by an assertion, as Tidy returns it: the one that
// the identity is linked to, or else the one with its verified address, which it is then linked
// to. Either becomes its address's reader's alone when that is who comes first. ErrNotFound when
// there is neither; nothing has changed when may objects. store.ErrStale asks to start over:
// somebody else was quicker.
func (s *Service) ByAssertion(ctx context.Context, by identity.Actor, a identity.Assertion, may func(identity.User) error) (identity.User, error) {
	u, err := s.Store.UserByIdentifier(ctx, a.Identifier())
	enter := s.recognise
	if errors.Is(err, store.ErrNotFound) && a.EmailVerified {
		key, _ := identity.CanonicalEmail(a.Email) // Tidy has seen that there is one
		u, err = s.Store.UserByIdentifier(ctx, identity.Identifier{Kind: identity.EmailIdentifier, Value: key})
		enter = s.adopt
	}
	if err != nil {
		return identity.User{}, absent(err)
	}
	if !u.Active() {
		return identity.User{}, session.ErrBusy // an invitation that is being redeemed: it ends either way
	}
	u, err = s.change(ctx, by, u.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		return enter(by, u, a, may, now)
	})
	if errors.Is(err, errElsewhere) || errors.Is(err, ErrLinkedElsewhere) || errors.Is(err, ErrEmailExists) || errors.Is(err, ErrUsernameExists) {
		return u, store.ErrStale
	}
	return u, err
}

// recognise keeps what the provider says now of an identity that u is linked to. It is no more
// than a note: the account's own address and name are its holder's. Only where nobody had proved
// the address, and the provider vouches for it now, has its reader arrived.
func (s *Service) recognise(by identity.Actor, u *identity.User, a identity.Assertion, may func(identity.User) error, now time.Time) ([]identity.Consequence, error) {
	switch {
	case !u.IsLinked(a):
		return nil, errElsewhere
	case arrives(*u, a):
		return s.claim(by, u, a, may, now)
	}
	if err := may(*u); err != nil {
		return nil, err
	}
	return nil, note(u, a, now)
}

// note writes down what the provider says now, or returns errUnchanged.
func note(u *identity.User, a identity.Assertion, now time.Time) error {
	if said, _ := u.LinkedAt(a.Provider); said.Email == a.Email && said.Name == a.Name && said.Picture == a.Picture {
		return errUnchanged
	}
	u.AddLinked(a, now)
	return nil
}

// adopt links the reader of u's address, whom a provider vouches for. Both sides have to be sure
// of the address: where ours was not, the account becomes its reader's alone first.
func (s *Service) adopt(by identity.Actor, u *identity.User, a identity.Assertion, may func(identity.User) error, now time.Time) ([]identity.Consequence, error) {
	key, _ := identity.CanonicalEmail(a.Email)
	switch {
	case u.EmailKey() != key:
		return nil, errElsewhere
	case arrives(*u, a):
		return s.claim(by, u, a, may, now)
	case !u.EmailVerified:
		return nil, errUnproved
	}
	if err := may(*u); err != nil {
		return nil, err
	}
	if u.IsLinked(a) {
		return nil, errUnchanged // by another request of theirs
	}
	return s.link(by, u, a, mail.IdentityLinked, now)
}

// arrives reports whether a is the first proof that whoever comes reads the address of u. An
// account with a role waits for another one: see errUnproved.
func arrives(u identity.User, a identity.Assertion) bool {
	key, err := identity.CanonicalEmail(a.Email)
	return err == nil && a.EmailVerified && u.EmailKey() == key && !u.EmailVerified && !u.IsAdmin()
}

// claim makes u its address's reader's alone and leaves them the identity they came by, whether or
// not it was linked before: whoever made the account may have had them link it.
func (s *Service) claim(by identity.Actor, u *identity.User, a identity.Assertion, may func(identity.User) error, now time.Time) ([]identity.Consequence, error) {
	also := s.takeOver(by, u, now)
	u.Email, u.Profile.DisplayName = a.Email, a.Name
	if err := may(*u); err != nil {
		return nil, err
	}
	linked, err := s.link(by, u, a, mail.AccountClaimed, now)
	return append(also, linked...), err
}

// Newcomer returns the account that an assertion, as Tidy returns it, makes of somebody new:
// without a password, linked, and verified if the provider vouches for the address.
func (s *Service) Newcomer(by identity.Actor, a identity.Assertion) identity.User {
	now := s.Now()
	u := identity.User{
		ID: opaque.Random(identity.UserIDLength), Email: a.Email, EmailVerified: a.EmailVerified, UserType: identity.Customer,
		Profile: identity.Profile{DisplayName: a.Name}, CreatedAt: now, UpdatedAt: now,
	}
	if key, err := identity.CanonicalEmail(a.Email); err == nil {
		u.SetName(identity.EmailIdentifier, key)
	}
	s.Introduce(&u, by)
	u.AddLinked(a, now)
	return u
}

package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// Errors about identities at providers.
var (
	// ErrAlreadyLinked answers one more identity at a provider, or one more than an account can have.
	ErrAlreadyLinked = fault.New(fault.Conflict, "social_already_linked", "the account has another identity at this provider, or as many as it can have: remove one first")
	// ErrLinkedElsewhere answers an identity that another account has.
	ErrLinkedElsewhere = fault.New(fault.Conflict, "social_linked_elsewhere", "this identity belongs to another account")
	// ErrNotLinked answers a provider at which the account has no identity.
	ErrNotLinked = fault.New(fault.NotFound, "social_not_linked", "the account has no identity at this provider")
	// ErrLastCredential answers what would leave nothing to sign in by.
	ErrLastCredential = fault.New(fault.Conflict, "last_credential", "this is the only way into the account: set a password or link another identity first")
)

// maxLinked bounds how many identities an account has, so that it stays one small record.
const maxLinked = 10

// MayLink says beforehand what Link asks of the actor's session.
func (s *Service) MayLink(by identity.Actor) error { return s.fresh(by) }

// Link makes an identity at a provider a way into the actor's own account. It asks for a session
// that began a moment ago (OWASP ASVS 7.5.1) and tells the owner. What the provider says proves
// nothing about the account's address. Linking the same identity again is no error.
func (s *Service) Link(ctx context.Context, by identity.Actor, a identity.Assertion) (identity.User, error) {
	a, err := Tidy(a)
	if err != nil {
		return identity.User{}, err
	}
	if err := s.fresh(by); err != nil {
		return identity.User{}, err
	}
	u, err := s.change(ctx, by, by.User.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if u.IsLinked(a) {
			return nil, note(u, a, now)
		}
		return s.link(by, u, a, mail.IdentityLinked, now)
	})
	if errors.Is(err, ErrEmailExists) || errors.Is(err, ErrUsernameExists) {
		return u, session.ErrBusy // the only name it gains is the identity, whose holder is on the way
	}
	return u, err
}

// link gives u another way in and tells its owner by a mail of this kind.
func (s *Service) link(by identity.Actor, u *identity.User, a identity.Assertion, kind mail.Kind, now time.Time) ([]identity.Consequence, error) {
	if _, has := u.LinkedAt(a.Provider); has || len(u.Linked) >= maxLinked {
		return nil, ErrAlreadyLinked
	}
	u.AddLinked(a, now)
	return []identity.Consequence{
		s.event(by, audit.IdentityLinked, *u, now, "provider", a.Provider), s.tellLinked(by, *u, a.Provider, kind, now),
	}, nil
}

// Unlink takes the identity at a provider from the actor's own account, unless that leaves no way
// in, and tells the owner. The provider need not be usable. Every other session ends, as whoever
// came in by that identity must (OWASP ASVS 7.4.3). It asks for no fresh session: it opens nothing.
func (s *Service) Unlink(ctx context.Context, by identity.Actor, provider string) (identity.User, error) {
	return s.change(ctx, by, by.User.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if _, has := u.LinkedAt(provider); !has {
			return nil, ErrNotLinked
		}
		u.DropLinked(provider)
		if !s.opens(*u) {
			return nil, ErrLastCredential
		}
		return []identity.Consequence{
			session.Cutoff(u, by.Session.ID, identity.EndedByUnlink, now), s.event(by, audit.IdentityUnlinked, *u, now, "provider", provider),
			s.tellLinked(by, *u, provider, mail.IdentityUnlinked, now),
		}, nil
	})
}

// opens reports whether u has something to sign in by. An identity at a provider that this service
// has no more opens nothing.
func (s *Service) opens(u identity.User) bool {
	return u.HasPassword() || s.Usable != nil && slices.ContainsFunc(u.Linked, func(l identity.LinkedIdentity) bool { return s.Usable(l.Provider) })
}

func (s *Service) tellLinked(by identity.Actor, u identity.User, provider string, kind mail.Kind, now time.Time) identity.Consequence {
	m := mail.Notice(u, by, kind, now)
	m.Provider = provider
	if kind != mail.IdentityUnlinked { // closing one hides nothing
		m = mail.Alarming(u, m)
	}
	return s.Outbox.Post(m, now)
}

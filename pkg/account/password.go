package account

import (
	"context"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/password"
	"github.com/gatehouse-id/gatehouse/pkg/session"
)

// ChangePassword gives the actor's own account another password after checking the current
// one, ends all its sessions and opens a new one (OWASP ASVS 6.2.3, 7.4.3).
func (s *Service) ChangePassword(ctx context.Context, by identity.Actor, current, next string) (session.Grant, error) {
	if err := s.confirm(ctx, by, current); err != nil {
		return session.Grant{}, err
	}
	u, err := s.setPassword(ctx, by, *by.User, next, func(identity.User) error { return nil })
	if err != nil {
		return session.Grant{}, err
	}
	if by.Client.DeviceID == "" {
		by.Client.DeviceID = by.Session.Client.DeviceID // what was bound to a device stays so
	}
	return s.Sessions.Start(ctx, by, u, []string{"pwd"})
}

// confirm checks the password that the actor has to give once more. Who has none has to have
// signed in a moment ago.
func (s *Service) confirm(ctx context.Context, by identity.Actor, current string) error {
	if !by.User.HasPassword() {
		return s.fresh(by)
	}
	if err := s.tryCurrent(ctx, *by.User, current); err != nil {
		return err
	}
	return s.Guard.Forget(ctx, s.tries(*by.User))
}

// tryCurrent is confirm where a good try counts, too. A stolen access token must not become a
// way to guess the password, so tries are counted.
func (s *Service) tryCurrent(ctx context.Context, u identity.User, current string, others ...limit.Hit) error {
	if err := s.Guard.Take(ctx, s.tries(u), others...); err != nil {
		return err
	}
	ok, _, err := s.Passwords.Verify(ctx, u.PasswordHash, current)
	if err != nil {
		return fmt.Errorf("account: verify: %w", err)
	}
	if !ok {
		return ErrWrongPassword
	}
	return nil
}

func (s *Service) tries(u identity.User) limit.Hit {
	return limit.Hit{Policy: s.Limits.Confirm, Subject: "user:" + u.ID}
}

// SetPassword gives somebody else's account another password on a server's, an operator's or
// an administrator's word, ends all its sessions and tells its owner.
func (s *Service) SetPassword(ctx context.Context, by identity.Actor, name, next string) error {
	u, err := s.target(ctx, by, name)
	if err != nil {
		return err
	}
	may := func(u identity.User) error { return s.mayAct(ctx, by, u) }
	if err := may(u); err != nil {
		return err // before the hash, which takes its time
	}
	_, err = s.setPassword(ctx, by, u, next, may)
	return err
}

// setPassword replaces a password unless may objects, in the same write.
func (s *Service) setPassword(ctx context.Context, by identity.Actor, of identity.User, next string, may func(identity.User) error) (identity.User, error) {
	phc, err := s.hashNew(ctx, of, next)
	if err != nil {
		return identity.User{}, err
	}
	return s.change(ctx, by, of.ID, func(u *identity.User, now time.Time) ([]identity.Consequence, error) {
		if u.PasswordHash != of.PasswordHash {
			return nil, session.ErrBusy // another password change came first: this one's check is void
		}
		if err := may(*u); err != nil {
			return nil, err
		}
		return s.replacePassword(by, u, phc, now), nil
	})
}

// hashNew checks a password that of is going to have and hashes it, before anything is written.
func (s *Service) hashNew(ctx context.Context, of identity.User, next string) (string, error) {
	if err := password.Check("newPassword", next, of.EmailKey(), of.Profile.Name, of.Profile.LastName, of.Username); err != nil {
		return "", err
	}
	phc, err := s.Passwords.Hash(ctx, next)
	if err != nil {
		return "", fmt.Errorf("account: hash: %w", err)
	}
	return phc, nil
}

// replacePassword ends all sessions of u and what was offered to whoever knew the old
// password. The link that undoes a change of address stays: it is the owner's way back.
func (s *Service) replacePassword(by identity.Actor, u *identity.User, phc string, now time.Time) []identity.Consequence {
	u.PasswordHash, u.PasswordSetAt = phc, now
	u.DropProofs(identity.ResetPassword, identity.MoveEmail)
	return []identity.Consequence{
		session.Cutoff(u, "", identity.EndedByPasswordChange, now), s.event(by, audit.PasswordChanged, *u, now),
		s.Outbox.Post(mail.Alarming(*u, notice(*u, by, mail.PasswordChanged, now)), now),
	}
}

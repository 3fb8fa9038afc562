package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// maxRounds bounds how often a refresh that lost a race looks again. One look explains one
// loss; a session that moves three times meanwhile is not one client retrying.
const maxRounds = 3

// Refresh exchanges a refresh token for a new pair (RFC 9700 section 4.14.2).
//
// The current token moves the session on by one compare-and-set. Its predecessor, presented
// again within the grace window by the same client, gets the same successor: a second tab, a
// retry and a lost answer are no theft. A genuine token that is older, late or replayed by
// another client ends the session. A forged one changes nothing.
func (s *Service) Refresh(ctx context.Context, by identity.Actor, presented string) (Grant, error) {
	return s.renew(ctx, by, s.refreshTokens(), presented)
}

func (s *Service) renew(ctx context.Context, by identity.Actor, kind credential, presented string) (Grant, error) {
	arrived := s.Now() // before any wait: an overloaded server must not turn a retry into theft
	id, counter, ok := kind.split(presented)
	if !ok {
		return Grant{}, ErrInvalidToken
	}
	for round := 0; ; round++ {
		sess, u, err := s.find(ctx, id)
		if err != nil {
			return Grant{}, err
		}
		if !kind.genuine(sess, counter, presented) || by.HoldsID && !bound(sess, by.Client) {
			return Grant{}, ErrInvalidToken
		}
		if round == 0 {
			if err := s.Fairness.Take(ctx, s.Refreshes, sess.ID); err != nil {
				return Grant{}, err
			}
		}
		if err := standing(sess, u, arrived); err != nil {
			return Grant{}, err
		}
		g, err := s.advance(ctx, by, sess, u, counter, arrived)
		if !errors.Is(err, store.ErrStale) {
			return g, err
		}
		if round == maxRounds {
			return Grant{}, ErrBusy
		}
		// Somebody else moved the session: look again.
	}
}

// find reads a session and its user. No session is an invalid token, not an error; without
// its account a session is not Live.
func (s *Service) find(ctx context.Context, id string) (identity.Session, identity.User, error) {
	sess, u, err := s.Store.SessionAndUser(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return identity.Session{}, identity.User{}, ErrInvalidToken
	}
	if err != nil {
		return identity.Session{}, identity.User{}, fmt.Errorf("session: read: %w", err)
	}
	return sess, u, nil
}

// standing says why a session cannot be used, if it cannot.
func standing(sess identity.Session, u identity.User, now time.Time) error {
	switch {
	case sess.Live(u, now):
		return nil
	case sess.EndReason == identity.EndedByReuse:
		return ErrTokenReused
	case sess.EndedAt.IsZero() && (!now.Before(sess.IdleUntil) || !now.Before(sess.MaxUntil)):
		return ErrTokenExpired
	default:
		return ErrSessionEnded
	}
}

func (s *Service) advance(ctx context.Context, by identity.Actor, sess identity.Session, u identity.User, counter int64, arrived time.Time) (Grant, error) {
	binding := by.Client.Binding()
	switch {
	case counter == sess.Counter:
		return s.rotate(ctx, by, sess, u, arrived)
	case counter == sess.Counter-1 && sess.RotatedBy == binding && arrived.Sub(sess.RotatedAt) <= s.Lifetimes.Grace:
		return s.grantWhile(ctx, by, u, sess, arrived, nothing)
	case counter > sess.Counter:
		// Genuine, and from after what this store remembers: it was restored from a backup.
		return Grant{}, ErrSessionEnded
	default:
		return Grant{}, s.endReused(ctx, by, sess, u)
	}
}

func (s *Service) rotate(ctx context.Context, by identity.Actor, sess identity.Session, u identity.User, arrived time.Time) (Grant, error) {
	next := sess
	next.Counter, next.RotatedAt, next.LastUsedAt, next.RotatedBy = sess.Counter+1, arrived, arrived, by.Client.Binding()
	next.IdleUntil = arrived.Add(s.idle(by))
	g, err := s.grantWhile(ctx, by, u, next, arrived, func() error {
		return s.Store.RotateSession(ctx, store.Rotation{
			SessionID: sess.ID, From: sess.Counter, At: arrived, By: next.RotatedBy, IdleUntil: next.IdleUntil,
		})
	})
	if err != nil {
		return Grant{}, fmt.Errorf("session: rotate: %w", err)
	}
	return g, nil
}

// endReused ends the session whose refresh token was replayed, tells its owner, and answers
// ErrTokenReused.
func (s *Service) endReused(ctx context.Context, by identity.Actor, sess identity.Session, u identity.User) error {
	now := s.Now()
	event := audit.Record(identity.Event{
		At: now, Type: audit.RefreshReuseDetected, Actor: by.Name(), Subject: "user:" + sess.UserID,
		Session: sess.ID, IP: by.Client.IP,
	})
	err := s.Store.EndSession(ctx, sess.ID, now, identity.EndedByReuse, event, s.Outbox.Post(mail.Notice(u, by, mail.ReuseDetected, now), now))
	if err != nil && !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("session: end after reuse: %w", err)
	}
	s.Log.WarnContext(ctx, "refresh token reused, session ended", "session", sess.ID)
	return ErrTokenReused
}

package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Identity is what an access token says of whom it was issued to.
type Identity struct {
	UserID, Email string
}

// Holder returns whom the current refresh token of a live session belongs to. It changes
// nothing.
func (s *Service) Holder(ctx context.Context, refreshToken string) (identity.User, identity.Session, error) {
	sess, u, current, err := s.holder(ctx, refreshToken)
	if err != nil {
		return identity.User{}, identity.Session{}, err
	}
	if err := standing(sess, u, s.Now()); err != nil {
		return identity.User{}, identity.Session{}, err
	}
	if !current {
		return identity.User{}, identity.Session{}, ErrInvalidToken
	}
	return u, sess, nil
}

// TakeOver spends the refresh token of a session whose access token it comes with, so that
// both are worthless to whoever else has seen the refresh token: there is no grace for this
// step. Both tokens must be good, of one session, and current; fits decides about the rest.
// When anything is wrong nothing has changed, and of concurrent callers one succeeds. It
// returns the session as it then is; Resume gives its tokens.
func (s *Service) TakeOver(ctx context.Context, accessToken, refreshToken string, fits func(Identity) bool) (identity.User, identity.Session, error) {
	claims, err := s.Verifier.Verify(accessToken)
	if err != nil {
		return identity.User{}, identity.Session{}, ErrInvalidToken
	}
	u, sess, err := s.Holder(ctx, refreshToken)
	if err != nil {
		return identity.User{}, identity.Session{}, err
	}
	if claims.SessionID != sess.ID || claims.Subject != u.ID || !fits(Identity{UserID: claims.Subject, Email: claims.Email}) {
		return identity.User{}, identity.Session{}, ErrInvalidToken
	}
	now := s.Now()
	step := store.Rotation{
		SessionID: sess.ID, From: sess.Counter, At: now, IdleUntil: now.Add(s.Lifetimes.Idle),
		By: opaque.Random(opaque.IDLength), // nobody's binding: the spent token is a replay for everybody
	}
	err = s.Store.RotateSession(ctx, step)
	if errors.Is(err, store.ErrStale) {
		return identity.User{}, identity.Session{}, ErrInvalidToken
	}
	if err != nil {
		return identity.User{}, identity.Session{}, fmt.Errorf("session: take over: %w", err)
	}
	sess.Counter, sess.RotatedAt, sess.LastUsedAt, sess.RotatedBy, sess.IdleUntil = step.From+1, now, now, step.By, step.IdleUntil
	return u, sess, nil
}

// Resume returns tokens for a live session that stands at this counter, without moving it.
func (s *Service) Resume(ctx context.Context, id string, counter int64) (Grant, error) {
	sess, u, err := s.find(ctx, id)
	if err != nil {
		return Grant{}, err
	}
	now := s.Now()
	if err := standing(sess, u, now); err != nil {
		return Grant{}, err
	}
	if sess.Counter != counter {
		return Grant{}, ErrInvalidToken
	}
	return s.grantWhile(ctx, identity.Actor{}, u, sess, now, nothing)
}

// Branch opens a session for another client of whoever has the live session called id: its
// holder proved themselves when that one began, in the same ways. What also returns is
// recorded in the same write.
func (s *Service) Branch(ctx context.Context, by identity.Actor, id string, also func(identity.User, identity.Session) []identity.Consequence) (Grant, error) {
	from, u, err := s.find(ctx, id)
	if err != nil {
		return Grant{}, err
	}
	now := s.Now()
	if err := standing(from, u, now); err != nil {
		return Grant{}, err
	}
	sess := s.newSession(by, u, from.AMR, now)
	sess.AuthTime = from.AuthTime
	if from.MaxUntil.Before(sess.MaxUntil) {
		sess.MaxUntil = from.MaxUntil // handing on must not make a sign-in last for ever
	}
	g, err := s.grantWhile(ctx, by, u, sess, now, func() error { return s.Store.StartSession(ctx, sess, also(u, from)...) })
	if err != nil {
		return Grant{}, fmt.Errorf("session: branch: %w", err)
	}
	return g, nil
}

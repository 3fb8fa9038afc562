package sqlite

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// versions is the state of a session and its user that are stored now.
type versions struct {
	sessionVersion
	userVersion
}

// SessionAndUser implements store.Sessions. Every authenticated request comes through here:
// one small read brings the versions of both, and the rows are read and decoded only when
// they are new.
func (s *Store) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	const query = `SELECT s.counter, s.ended_at, s.user_id, COALESCE(u.rev, 0)
		FROM sessions s LEFT JOIN users u ON u.id = s.user_id WHERE s.id = ?`
	now, err := get(ctx, s, func(r row) (v versions, err error) {
		v.sessionVersion.id = id
		err = r.Scan(&v.counter, &v.ended, &v.userVersion.id, &v.rev)
		return v, err
	}, query, id)
	if err != nil {
		return identity.Session{}, identity.User{}, err
	}
	sess, err := s.sessionAt(ctx, now.sessionVersion)
	if err != nil {
		return identity.Session{}, identity.User{}, err
	}
	u, err := s.userAt(ctx, now.userVersion)
	return sess, u, err
}

// sessionAt returns a session at this version or a later one.
func (s *Store) sessionAt(ctx context.Context, v sessionVersion) (identity.Session, error) {
	if known, ok := s.records.sessions.Find(v); ok {
		return ownSession(known), nil
	}
	sess, err := s.Session(ctx, v.id)
	if err == nil && sess.Counter == v.counter && millis(sess.EndedAt) == v.ended {
		s.records.sessions.Add(v, ownSession(sess))
	}
	return sess, err
}

// userAt returns a user at this version or a later one; the zero user when there is none.
func (s *Store) userAt(ctx context.Context, v userVersion) (identity.User, error) {
	if v.rev == 0 {
		return identity.User{}, nil
	}
	if known, ok := s.records.users.Find(v); ok {
		return ownUser(known), nil
	}
	u, err := s.User(ctx, v.id)
	if errors.Is(err, store.ErrNotFound) {
		return identity.User{}, nil // it has just been removed
	}
	if err == nil && u.Rev == v.rev {
		s.records.users.Add(v, ownUser(u))
	}
	return u, err
}

package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// maxUserSessions is how many sessions of one user a list shows.
const maxUserSessions = 200

type sessionRecord struct {
	ID               string `bson:"_id"`
	identity.Session `bson:",inline"`
	Own              own `bson:",inline"`
	// DeadAt is the earliest time the session is known to be dead at, for the sweep alone.
	// After a rotation it may lie behind MaxUntil, never before the true end.
	DeadAt time.Time `bson:"dead_at"`
}

// StartSession implements store.Sessions.
func (s *Store) StartSession(ctx context.Context, x identity.Session, also ...identity.Consequence) error {
	dead := x.IdleUntil
	for _, t := range []time.Time{x.MaxUntil, x.EndedAt} {
		if t.Before(dead) && !t.IsZero() {
			dead = t
		}
	}
	call := newCall()
	return s.insert(ctx, colSessions, x.ID, call, sessionRecord{ID: x.ID, Session: x, Own: own{Call: call, Pending: also}, DeadAt: dead})
}

// Session implements store.Sessions.
func (s *Store) Session(ctx context.Context, id string) (identity.Session, error) {
	return find[identity.Session](ctx, s, colSessions, bson.M{"_id": id})
}

// SessionAndUser implements store.Sessions. The user is read after the session, so that an end
// of all sessions which came between the two is seen in the user's epoch.
func (s *Store) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	sess, err := s.Session(ctx, id)
	if err != nil {
		return identity.Session{}, identity.User{}, err
	}
	u, err := s.User(ctx, sess.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return sess, identity.User{}, nil
	}
	if err != nil {
		return identity.Session{}, identity.User{}, err
	}
	return sess, u, nil
}

// RotateSession implements store.Sessions.
func (s *Store) RotateSession(ctx context.Context, r store.Rotation) error {
	alive := bson.M{
		"counter": r.From, "ended_at": never(),
		"idle_until": bson.M{"$gt": r.At}, "max_until": bson.M{"$gt": r.At},
	}
	return s.update(ctx, colSessions, r.SessionID, alive, change{
		inc: bson.M{"counter": int64(1)},
		set: bson.M{"rotated_at": r.At, "last_used_at": r.At, "bound_to": r.By, "idle_until": r.IdleUntil, "dead_at": r.IdleUntil},
	})
}

// EndSession implements store.Sessions.
func (s *Store) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	err := s.update(ctx, colSessions, id, bson.M{"ended_at": never()}, change{
		set: bson.M{"ended_at": at, "end_reason": why}, min: bson.M{"dead_at": at}, also: also,
	})
	if errors.Is(err, store.ErrStale) {
		return s.staleOrMissing(ctx, colSessions, id)
	}
	return err
}

// EndUserSessions implements store.Sessions. It goes from session to session: one that fails
// midway has ended some, and doing it again ends the rest.
func (s *Store) EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	r, err := s.coll(colSessions).UpdateMany(ctx,
		bson.M{"user_id": userID, "ended_at": never(), "epoch": bson.M{"$lt": epoch}, "_id": bson.M{"$ne": keep}},
		bson.M{"$set": bson.M{"ended_at": at, "end_reason": why}, "$min": bson.M{"dead_at": at}})
	if err != nil {
		return 0, unavailable("end a user's sessions", err)
	}
	return r.ModifiedCount, nil
}

// UserSessions implements store.Sessions.
func (s *Store) UserSessions(ctx context.Context, userID string, now time.Time) ([]identity.Session, error) {
	alive := bson.M{
		"user_id": userID, "ended_at": never(),
		"idle_until": bson.M{"$gt": now}, "max_until": bson.M{"$gt": now},
	}
	return list[identity.Session](ctx, s, colSessions, alive, desc("created_at", "_id"), maxUserSessions)
}

package store

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Sessions keeps sessions and the counters of their refresh tokens.
type Sessions interface {
	// StartSession stores a new session and records also. ErrExists when the id is taken.
	StartSession(ctx context.Context, s identity.Session, also ...identity.Consequence) error
	// Session returns a session, dead ones included until they are swept.
	Session(ctx context.Context, id string) (identity.Session, error)
	// SessionAndUser returns a session as Session does, together with its user, as they stand at
	// one moment or close to it. The user is the zero User when the account is gone.
	SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error)
	// RotateSession moves the counter from r.From to r.From+1 and writes r's other fields, if
	// the session's counter is r.From and it has neither ended nor expired at r.At; else
	// ErrStale (also when there is no such session). Of any number of concurrent callers with
	// one r.From exactly one succeeds.
	RotateSession(ctx context.Context, r Rotation) error
	// EndSession ends a session that has not ended, expired or not, and records also;
	// ErrStale, recording nothing, when it has ended already; ErrNotFound when there is none.
	EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error
	// EndUserSessions ends those sessions of a user that have not ended, expired or not, and
	// are of an epoch below epoch, but not the one called keep, and returns how many it ended.
	EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (int64, error)
	// UserSessions returns the sessions of a user that have neither ended nor expired at now,
	// newest first, at most 200.
	UserSessions(ctx context.Context, userID string, now time.Time) ([]identity.Session, error)
}

// Rotation is one step of a session's refresh counter.
type Rotation struct {
	SessionID string
	From      int64     // the counter this step starts from
	At        time.Time // becomes RotatedAt and LastUsedAt
	By        string    // becomes RotatedBy
	IdleUntil time.Time
}

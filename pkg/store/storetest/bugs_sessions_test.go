package storetest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func sessionBugs() []bug {
	return []bug{
		{"StartSession replaces a session", func(m *memory) store.Store { return startReplaces{m} }, []string{
			"sessions/StartSession stores a session and never replaces one",
			"sessions/of 50 concurrent StartSession with one id exactly one succeeds"}},
		{"Session of an unknown id is the zero session", func(m *memory) store.Store { return sessionZero{m} }, []string{
			"sessions/a session that is not there is ErrNotFound"}},
		{"SessionAndUser remembers users by id alone", func(m *memory) store.Store {
			return &remembersUsers{memory: m, known: map[string]identity.User{}}
		}, []string{
			"sessions/SessionAndUser returns both as they were last written, whatever was read before"}},
		{"SessionAndUser hides a session whose account is gone", func(m *memory) store.Store { return hidesOrphans{m} }, []string{
			"sessions/SessionAndUser returns the zero user when the account is gone, and ErrNotFound without a session"}},
		{"RotateSession does not write LastUsedAt", func(m *memory) store.Store { return rotateForgets{m} }, []string{
			"sessions/RotateSession raises the counter and writes the fields of the rotation, and no others"}},
		{"RotateSession ignores the counter", func(m *memory) store.Store { return rotateIgnoresCounter{m} }, []string{
			"sessions/RotateSession from another counter, or of no session, is ErrStale and changes nothing",
			"sessions/of 50 concurrent RotateSession from one counter exactly one wins, 20 times over"}},
		{"RotateSession revives sessions that have ended", func(m *memory) store.Store { return rotateRevives{m} }, []string{
			"sessions/RotateSession of a session that has ended is ErrStale",
			"sessions/the end of a session is not undone by rotations that race it",
			"sessions/EndUserSessions is not undone by rotations that race it"}},
		{"RotateSession accepts IdleUntil and MaxUntil themselves", func(m *memory) store.Store { return rotateLate{m} }, []string{
			"sessions/RotateSession is ErrStale from IdleUntil on, and not before",
			"sessions/RotateSession is ErrStale from MaxUntil on, and not before"}},
		{"RotateSession checks and writes in two steps", func(m *memory) store.Store { return racyRotate{m} }, []string{
			"sessions/of 50 concurrent RotateSession from one counter exactly one wins, 20 times over"}},
		{"EndSession leaves expired sessions", func(m *memory) store.Store { return endLeavesExpired{m} }, []string{
			"sessions/EndSession ends a session, an expired one too, and says when and why"}},
		{"EndSession ends again", func(m *memory) store.Store { return endAgain{m} }, []string{
			"sessions/EndSession of an ended session is ErrStale and changes nothing",
			"sessions/of 50 concurrent EndSession exactly one succeeds"}},
		{"EndSession of no session is ErrStale", func(m *memory) store.Store { return endNotFound{m} }, []string{
			"sessions/EndSession of no session is ErrNotFound"}},
		{"EndUserSessions ends those of its epoch too", func(m *memory) store.Store { return endEpochToo{m} }, []string{
			"sessions/EndUserSessions ends the sessions of epochs below epoch, and of that user only"}},
		{"EndUserSessions does not keep any", func(m *memory) store.Store { return endKeepsNone{m} }, []string{
			"sessions/EndUserSessions spares the session to keep and those that have ended"}},
		{"EndUserSessions reads and writes in two steps", func(m *memory) store.Store { return racyEnds{m} }, []string{
			"sessions/concurrent EndUserSessions end and count each session once"}},
		{"EndUserSessions and UserSessions see but a part", func(m *memory) store.Store { return endsSome{m} }, []string{
			"sessions/UserSessions returns the newest 200 of 210, and EndUserSessions ends them all"}},
		{"UserSessions returns the oldest first", func(m *memory) store.Store { return oldestFirst{m} }, []string{
			"sessions/UserSessions returns a user's live sessions, newest first",
			"sessions/UserSessions returns the newest 200 of 210, and EndUserSessions ends them all"}},
		{"UserSessions lists what has expired", func(m *memory) store.Store { return listsExpired{m} }, []string{
			"sessions/UserSessions leaves a session out from IdleUntil and from MaxUntil on"}},
	}
}

type startReplaces struct{ *memory }

func (b startReplaces) StartSession(ctx context.Context, s identity.Session, also ...identity.Consequence) error {
	return b.step(ctx, func() error {
		b.sessions[s.ID] = clone(s)
		b.record(s.ID, also)
		return nil
	})
}

type sessionZero struct{ *memory }

func (b sessionZero) Session(ctx context.Context, id string) (identity.Session, error) {
	return found(b.memory.Session(ctx, id))
}

type remembersUsers struct {
	*memory
	known map[string]identity.User
}

func (b *remembersUsers) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	s, u, err := b.memory.SessionAndUser(ctx, id)
	if err != nil {
		return s, u, err
	}
	if old, ok := b.known[u.ID]; ok {
		return s, old, nil
	}
	b.known[u.ID] = u
	return s, u, nil
}

type hidesOrphans struct{ *memory }

func (b hidesOrphans) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	s, u, err := b.memory.SessionAndUser(ctx, id)
	if err == nil && u.ID == "" {
		return identity.Session{}, identity.User{}, store.ErrNotFound
	}
	return s, u, err
}

type rotateForgets struct{ *memory }

func (b rotateForgets) RotateSession(ctx context.Context, r store.Rotation) error {
	old, _ := b.Session(ctx, r.SessionID)
	err := b.memory.RotateSession(ctx, r)
	s := b.sessions[r.SessionID]
	s.LastUsedAt = old.LastUsedAt
	b.sessions[r.SessionID] = s
	return err
}

type rotateIgnoresCounter struct{ *memory }

func (b rotateIgnoresCounter) RotateSession(ctx context.Context, r store.Rotation) error {
	return b.rotateIf(ctx, r, func(s identity.Session) bool { return live(s, r.At) })
}

// rotateIf rotates a session if it fulfils the condition, whatever else it is.
func (m *memory) rotateIf(ctx context.Context, r store.Rotation, may func(s identity.Session) bool) error {
	return m.step(ctx, func() error {
		s, ok := m.sessions[r.SessionID]
		if !ok || !may(s) {
			return store.ErrStale
		}
		m.sessions[s.ID] = rotated(s, r)
		return nil
	})
}

type rotateRevives struct{ *memory }

func (b rotateRevives) RotateSession(ctx context.Context, r store.Rotation) error {
	return b.rotateIf(ctx, r, func(s identity.Session) bool {
		s.EndedAt = time.Time{}
		return s.Counter == r.From && live(s, r.At)
	})
}

type rotateLate struct{ *memory }

func (b rotateLate) RotateSession(ctx context.Context, r store.Rotation) error {
	return b.rotateIf(ctx, r, func(s identity.Session) bool {
		return s.Counter == r.From && s.EndedAt.IsZero() && !r.At.After(s.IdleUntil) && !r.At.After(s.MaxUntil)
	})
}

type racyRotate struct{ *memory }

func (b racyRotate) RotateSession(ctx context.Context, r store.Rotation) error {
	return racy(b.memory, func(m *memory) error { return m.RotateSession(ctx, r) })
}

type endLeavesExpired struct{ *memory }

func (b endLeavesExpired) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	if s, err := b.Session(ctx, id); err == nil && !live(s, at) {
		return store.ErrStale
	}
	return b.memory.EndSession(ctx, id, at, why, also...)
}

type endAgain struct{ *memory }

func (b endAgain) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	return change(ctx, b.memory, b.sessions, id, func(s *identity.Session) error {
		s.EndedAt, s.EndReason = at, why
		b.record(id, also)
		return nil
	})
}

type endNotFound struct{ *memory }

func (b endNotFound) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	err := b.memory.EndSession(ctx, id, at, why, also...)
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrStale
	}
	return err
}

type endEpochToo struct{ *memory }

func (b endEpochToo) EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (int64, error) {
	return b.memory.EndUserSessions(ctx, userID, epoch+1, keep, at, why)
}

type endKeepsNone struct{ *memory }

func (b endKeepsNone) EndUserSessions(ctx context.Context, userID string, epoch int64, _ string, at time.Time, why identity.EndReason) (int64, error) {
	return b.memory.EndUserSessions(ctx, userID, epoch, "", at, why)
}

type racyEnds struct{ *memory }

func (b racyEnds) EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (n int64, err error) {
	err = racy(b.memory, func(m *memory) error {
		n, err = m.EndUserSessions(ctx, userID, epoch, keep, at, why)
		return err
	})
	return n, err
}

type endsSome struct{ *memory }

func (b endsSome) EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (n int64, err error) {
	seen, err := b.UserSessions(ctx, userID, at)
	for _, s := range seen {
		if s.Epoch < epoch && s.ID != keep {
			n, err = n+1, errors.Join(err, b.EndSession(ctx, s.ID, at, why))
		}
	}
	return n, err
}

type oldestFirst struct{ *memory }

func (b oldestFirst) UserSessions(ctx context.Context, userID string, now time.Time) ([]identity.Session, error) {
	l, err := b.memory.UserSessions(ctx, userID, now)
	slices.Reverse(l)
	return l, err
}

type listsExpired struct{ *memory }

func (b listsExpired) UserSessions(ctx context.Context, userID string, now time.Time) ([]identity.Session, error) {
	return b.memory.UserSessions(ctx, userID, now.Add(-time.Millisecond))
}

package dialecttest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Stopper stands between a service and its store and lets it die between two writes: after a
// number of them nothing reaches the store any more, as if the process had been killed there.
type Stopper struct {
	store.Store

	mu     sync.Mutex
	left   int  // writes that still pass
	lose   bool // the last of them lands and its answer is lost
	armed  bool
	dead   bool
	writes int
}

var errStopped = errors.New("the process is dead")

// Stop arms the stopper: n more writes pass. With lose the n-th one lands, but its caller
// does not live to hear of it.
func (s *Stopper) Stop(n int, lose bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.armed, s.left, s.lose, s.writes = true, n, lose, 0
	s.dead = n == 0
}

// Stopped reports whether the process has died, and Writes how many writes came through
// since Stop.
func (s *Stopper) Stopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// Writes returns how many writes came through since Stop.
func (s *Stopper) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

func (s *Stopper) read() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return store.ErrUnavailable.With(errStopped)
	}
	return nil
}

// write lets one write pass, or not. Writes come one at a time while it is armed.
func (s *Stopper) write(do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return store.ErrUnavailable.With(errStopped)
	}
	err := do()
	s.writes++
	if !s.armed {
		return err
	}
	if s.left--; s.left == 0 {
		s.dead = true
		if s.lose {
			return store.ErrUnavailable.With(errStopped)
		}
	}
	return err
}

func writing[T any](s *Stopper, do func() (T, error)) (T, error) {
	var out T
	err := s.write(func() (err error) {
		out, err = do()
		return err
	})
	return out, err
}

func reading[T any](s *Stopper, do func() (T, error)) (T, error) {
	if err := s.read(); err != nil {
		var zero T
		return zero, err
	}
	return do()
}

// The methods below are store.Store's: each passes through write or read.

func (s *Stopper) User(ctx context.Context, id string) (identity.User, error) {
	return reading(s, func() (identity.User, error) { return s.Store.User(ctx, id) })
}

func (s *Stopper) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	return reading(s, func() (identity.User, error) { return s.Store.UserByIdentifier(ctx, name) })
}

func (s *Stopper) Session(ctx context.Context, id string) (identity.Session, error) {
	return reading(s, func() (identity.Session, error) { return s.Store.Session(ctx, id) })
}

func (s *Stopper) SessionAndUser(ctx context.Context, id string) (sess identity.Session, u identity.User, err error) {
	if err := s.read(); err != nil {
		return sess, u, err
	}
	return s.Store.SessionAndUser(ctx, id)
}

func (s *Stopper) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	return reading(s, func() (identity.Invitation, error) { return s.Store.Invitation(ctx, id) })
}

func (s *Stopper) InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error) {
	return reading(s, func() (identity.Invitation, error) { return s.Store.InvitationByCode(ctx, codeHash) })
}

func (s *Stopper) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.CreateInvitation(ctx, i, also...) })
}

func (s *Stopper) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (identity.Invitation, error) {
	return writing(s, func() (identity.Invitation, error) {
		return s.Store.ReissueInvitation(ctx, id, codeHash, at, expiresAt, also...)
	})
}

func (s *Stopper) RevokeInvitation(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.RevokeInvitation(ctx, id, at, also...) })
}

func (s *Stopper) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.CreateUser(ctx, u, also...) })
}

func (s *Stopper) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.UpdateUser(ctx, u, also...) })
}

func (s *Stopper) RemoveUser(ctx context.Context, id string, rev int64) error {
	return s.write(func() error { return s.Store.RemoveUser(ctx, id, rev) })
}

func (s *Stopper) StartSession(ctx context.Context, sess identity.Session, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.StartSession(ctx, sess, also...) })
}

func (s *Stopper) RotateSession(ctx context.Context, r store.Rotation) error {
	return s.write(func() error { return s.Store.RotateSession(ctx, r) })
}

func (s *Stopper) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.EndSession(ctx, id, at, why, also...) })
}

func (s *Stopper) EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (int64, error) {
	return writing(s, func() (int64, error) { return s.Store.EndUserSessions(ctx, userID, epoch, keep, at, why) })
}

func (s *Stopper) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (identity.Invitation, error) {
	return writing(s, func() (identity.Invitation, error) { return s.Store.ReserveUse(ctx, id, codeHash, userID, at) })
}

func (s *Stopper) ConfirmUse(ctx context.Context, id, userID string) error {
	return s.write(func() error { return s.Store.ConfirmUse(ctx, id, userID) })
}

func (s *Stopper) FreeUse(ctx context.Context, id, userID string) error {
	return s.write(func() error { return s.Store.FreeUse(ctx, id, userID) })
}

func (s *Stopper) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	return writing(s, func() ([]store.Count, error) { return s.Store.Hit(ctx, now, c...) })
}

func (s *Stopper) Forget(ctx context.Context, keys ...string) error {
	return s.write(func() error { return s.Store.Forget(ctx, keys...) })
}

func (s *Stopper) Record(ctx context.Context, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.Record(ctx, also...) })
}

func (s *Stopper) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	return writing(s, func() ([]store.Due, error) { return s.Store.ClaimDue(ctx, now, lease, limit) })
}

func (s *Stopper) Settle(ctx context.Context, due ...store.Due) error {
	return s.write(func() error { return s.Store.Settle(ctx, due...) })
}

func (s *Stopper) Postpone(ctx context.Context, due store.Due, t time.Time) error {
	return s.write(func() error { return s.Store.Postpone(ctx, due, t) })
}

func (s *Stopper) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	return s.write(func() error { return s.Store.AppendAudit(ctx, entries...) })
}

func (s *Stopper) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	return s.write(func() error { return s.Store.SwapKeySet(ctx, from, data, also...) })
}

func (s *Stopper) PutBlob(ctx context.Context, b store.Blob) error {
	return s.write(func() error { return s.Store.PutBlob(ctx, b) })
}

func (s *Stopper) Blob(ctx context.Context, id string) (store.Blob, error) {
	return reading(s, func() (store.Blob, error) { return s.Store.Blob(ctx, id) })
}

func (s *Stopper) DeleteBlob(ctx context.Context, id string) error {
	return s.write(func() error { return s.Store.DeleteBlob(ctx, id) })
}

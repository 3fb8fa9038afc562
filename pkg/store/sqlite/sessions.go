package sqlite

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// sessionHolder names a session as the holder of consequences.
	sessionHolder = "session:"
	// maxUserSessions is how many sessions UserSessions returns.
	maxUserSessions = 200

	sessionColumns = `id, user_id, epoch, secret, counter, app, ip, user_agent, device_id, rotated_by,
	auth_time, amr, created_at, rotated_at, last_used_at, idle_until, max_until, ended_at, end_reason`
)

func scanSession(r row) (identity.Session, error) {
	var (
		s   identity.Session
		why string
	)
	err := r.Scan(&s.ID, &s.UserID, &s.Epoch, &s.Secret, &s.Counter, &s.App,
		&s.Client.IP, &s.Client.UserAgent, &s.Client.DeviceID, &s.RotatedBy,
		(*instant)(&s.AuthTime), (*words)(&s.AMR), (*instant)(&s.CreatedAt), (*instant)(&s.RotatedAt),
		(*instant)(&s.LastUsedAt), (*instant)(&s.IdleUntil), (*instant)(&s.MaxUntil),
		(*instant)(&s.EndedAt), &why)
	s.EndReason = identity.EndReason(why)
	return s, err
}

// StartSession implements store.Sessions.
func (s *Store) StartSession(ctx context.Context, n identity.Session, also ...identity.Consequence) error {
	const insert = `INSERT INTO sessions (` + sessionColumns + `)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	amr, err := list(n.AMR)
	if err != nil {
		return unavailable(err)
	}
	return s.writeWith(ctx, sessionHolder+n.ID, also, func(t *tx) error {
		_, err := t.exec(insert, n.ID, n.UserID, n.Epoch, blob(n.Secret), n.Counter, n.App,
			n.Client.IP, n.Client.UserAgent, n.Client.DeviceID, n.RotatedBy,
			millis(n.AuthTime), amr, millis(n.CreatedAt), millis(n.RotatedAt),
			millis(n.LastUsedAt), millis(n.IdleUntil), millis(n.MaxUntil),
			millis(n.EndedAt), string(n.EndReason))
		return err
	})
}

// Session implements store.Sessions.
func (s *Store) Session(ctx context.Context, id string) (identity.Session, error) {
	return get(ctx, s, scanSession, `SELECT `+sessionColumns+` FROM sessions WHERE id = ?`, id)
}

// RotateSession implements store.Sessions.
func (s *Store) RotateSession(ctx context.Context, r store.Rotation) error {
	const update = `UPDATE sessions
		SET counter = counter + 1, rotated_at = ?1, last_used_at = ?1, rotated_by = ?2, idle_until = ?3
		WHERE id = ?4 AND counter = ?5 AND ended_at = 0 AND idle_until > ?1 AND max_until > ?1`
	return s.write(ctx, func(t *tx) error {
		n, err := t.exec(update, millis(r.At), r.By, millis(r.IdleUntil), r.SessionID, r.From)
		if err == nil && n == 0 {
			return store.ErrStale
		}
		return err
	})
}

// EndSession implements store.Sessions.
func (s *Store) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	return s.writeWith(ctx, sessionHolder+id, also, func(t *tx) error {
		const update = `UPDATE sessions SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at = 0`
		n, err := t.exec(update, millis(at), string(why), id)
		if err == nil && n == 0 {
			return t.missed(store.ErrStale, `SELECT 1 FROM sessions WHERE id = ?`, id)
		}
		return err
	})
}

// EndUserSessions implements store.Sessions.
func (s *Store) EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (int64, error) {
	const update = `UPDATE sessions SET ended_at = ?, end_reason = ?
		WHERE user_id = ? AND ended_at = 0 AND epoch < ? AND id <> ?`
	var n int64
	err := s.write(ctx, func(t *tx) (err error) {
		n, err = t.exec(update, millis(at), string(why), userID, epoch, keep)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// UserSessions implements store.Sessions.
func (s *Store) UserSessions(ctx context.Context, userID string, now time.Time) ([]identity.Session, error) {
	const query = `SELECT ` + sessionColumns + ` FROM sessions
		WHERE user_id = ?1 AND ended_at = 0 AND idle_until > ?2 AND max_until > ?2
		ORDER BY created_at DESC, id DESC LIMIT ?3`
	return all(ctx, s, scanSession, query, userID, millis(now), maxUserSessions)
}

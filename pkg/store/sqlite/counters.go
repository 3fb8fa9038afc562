package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Hit implements store.Counters.
func (s *Store) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	const upsert = `INSERT INTO counters (name, n, resets_at) VALUES (?1, 1, ?2)
		ON CONFLICT (name) DO UPDATE SET
			n         = iif(resets_at > ?3, n + 1, 1),
			resets_at = iif(resets_at > ?3, resets_at, excluded.resets_at)
		RETURNING n, resets_at`
	counts := make([]store.Count, len(c))
	err := s.writeAll(ctx, func(t *tx) error {
		for i, counter := range c {
			args := []any{counter.Key, millis(now.Add(counter.Window)), millis(now)}
			if err := t.get(upsert, args, &counts[i].N, (*instant)(&counts[i].ResetsAt)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}

// Peek implements store.Counters.
func (s *Store) Peek(ctx context.Context, now time.Time, c store.Counter) (store.Count, error) {
	var count store.Count
	const query = `SELECT n, resets_at FROM counters WHERE name = ? AND resets_at > ?`
	err := s.readers.get(ctx, query, []any{c.Key, millis(now)}, &count.N, (*instant)(&count.ResetsAt))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return store.Count{}, s.explain(err)
	}
	return count, nil
}

// Forget implements store.Counters.
func (s *Store) Forget(ctx context.Context, keys ...string) error {
	return s.writeAll(ctx, func(t *tx) error {
		for _, key := range keys {
			if _, err := t.exec(`DELETE FROM counters WHERE name = ?`, key); err != nil {
				return err
			}
		}
		return nil
	})
}

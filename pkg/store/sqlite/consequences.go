package sqlite

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Record implements store.Consequences. What is recorded already stays as it is.
func (s *Store) Record(ctx context.Context, also ...identity.Consequence) error {
	return s.writeAll(ctx, func(t *tx) error { return t.record("", also) })
}

// ClaimDue implements store.Consequences. The order is that of DueAt, then of recording.
func (s *Store) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	const query = `SELECT id, holder, kind, attempts + 1, data FROM consequences
		WHERE due_at <= ? ORDER BY due_at, rowid LIMIT ?`
	until := wholeMillis(now.Add(lease))
	var list []store.Due
	err := s.writeAll(ctx, func(t *tx) error {
		list = nil
		err := t.each(query, []any{millis(now), max(0, limit)}, func(r row) error {
			d := store.Due{Consequence: identity.Consequence{DueAt: until}}
			err := scanDue(r, &d)
			list = append(list, d)
			return err
		})
		for _, d := range list {
			if err != nil {
				break
			}
			_, err = t.exec(`UPDATE consequences SET attempts = ?, due_at = ? WHERE id = ?`, d.Attempts, millis(until), d.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func scanDue(r row, d *store.Due) error {
	var kind string
	var data []byte
	err := r.Scan(&d.ID, &d.Holder, &kind, &d.Attempts, &data)
	d.Kind, d.Data = identity.ConsequenceKind(kind), data
	return err
}

// Settle implements store.Consequences.
func (s *Store) Settle(ctx context.Context, due ...store.Due) error {
	return s.writeAll(ctx, func(t *tx) error {
		for _, d := range due {
			if _, err := t.exec(`DELETE FROM consequences WHERE id = ?`, d.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Postpone implements store.Consequences.
func (s *Store) Postpone(ctx context.Context, due store.Due, at time.Time) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE consequences SET due_at = ? WHERE id = ?`, millis(at), due.ID)
		return err
	})
}

package sqlite

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const insertUse = `INSERT INTO uses (invitation_id, user_id, at, confirmed) VALUES (?, ?, ?, ?)`

// ReserveUse implements store.Redemptions. A user that holds a use already gets ErrStale.
func (s *Store) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (identity.Invitation, error) {
	const take = `UPDATE invitations SET uses_left = uses_left - 1
		WHERE id = ? AND code_hash = ? AND revoked_at = 0 AND expires_at > ? AND uses_left > 0`
	var i identity.Invitation
	err := s.writeAll(ctx, func(t *tx) error {
		n, err := t.exec(take, id, blob(codeHash), millis(at))
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrStale
		}
		if _, err := t.exec(insertUse, id, userID, millis(at), false); err != nil {
			if isTaken(err) {
				return store.ErrStale
			}
			return err
		}
		i, err = t.invitation(id)
		return err
	})
	if err != nil {
		return identity.Invitation{}, err
	}
	return i, nil
}

// ConfirmUse implements store.Redemptions.
func (s *Store) ConfirmUse(ctx context.Context, id, userID string) error {
	return s.write(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE uses SET confirmed = 1 WHERE invitation_id = ? AND user_id = ?`, id, userID)
		if err == nil && n == 0 {
			return store.ErrNotFound
		}
		return err
	})
}

// FreeUse implements store.Redemptions.
func (s *Store) FreeUse(ctx context.Context, id, userID string) error {
	return s.writeAll(ctx, func(t *tx) error {
		n, err := t.exec(`DELETE FROM uses WHERE invitation_id = ? AND user_id = ? AND confirmed = 0`, id, userID)
		if err != nil {
			return err
		}
		if n > 0 {
			_, err = t.exec(`UPDATE invitations SET uses_left = uses_left + 1 WHERE id = ?`, id)
			return err
		}
		confirmed, err := t.exists(`SELECT 1 FROM uses WHERE invitation_id = ? AND user_id = ?`, id, userID)
		if err == nil && confirmed {
			return store.ErrStale
		}
		return err
	})
}

// StaleUses implements store.Redemptions.
func (s *Store) StaleUses(ctx context.Context, t time.Time, limit int) ([]identity.Invitation, error) {
	const query = selectInvitation + `WHERE id IN
		(SELECT invitation_id FROM uses WHERE confirmed = 0 AND at < ? GROUP BY invitation_id ORDER BY min(at) LIMIT ?)`
	return all(ctx, s, scanInvitation, query, millis(t), max(0, limit))
}

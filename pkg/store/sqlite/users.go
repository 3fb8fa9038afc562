package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// userHolder names a user as the holder of consequences.
const userHolder = "user:"

// encodeUser returns a user as the table keeps it. The claims stand beside the record, byte
// for byte as they came.
func encodeUser(u identity.User) (record string, claims []byte, err error) {
	claims, u.Claims = blob(u.Claims), nil
	u.CreatedAt = wholeMillis(u.CreatedAt)
	u.UpdatedAt = wholeMillis(u.UpdatedAt)
	u.PasswordSetAt = wholeMillis(u.PasswordSetAt)
	text, err := json.Marshal(u)
	return string(text), claims, err
}

// userColumns are what scanUser scans.
const userColumns = `u.rev, u.record, u.claims`

func scanUser(r row) (identity.User, error) {
	var (
		u      identity.User
		rev    int64
		record []byte
		claims []byte
	)
	if err := r.Scan(&rev, &record, &claims); err != nil {
		return u, err
	}
	if err := json.Unmarshal(record, &u); err != nil {
		return u, fmt.Errorf("%w: a user's record: %w", errDamage, err)
	}
	u.Rev, u.Claims = rev, claims
	return u, nil
}

// CreateUser implements store.Users.
func (s *Store) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	u.Rev = 1
	record, claims, err := encodeUser(u)
	if err != nil {
		return unavailable(err)
	}
	terms := u.SearchTerms()
	return s.writeAll(ctx, func(t *tx) error {
		const insert = `INSERT INTO users (id, rev, searched, deleted, record, claims) VALUES (?, 1, 1, ?, ?, ?)`
		if _, err := t.exec(insert, u.ID, u.Deleted, record, claims); err != nil {
			return err
		}
		if err := t.claimNames(u.ID, u.Identifiers, nil); err != nil {
			return err
		}
		if err := t.makeFindable(u, terms); err != nil {
			return err
		}
		return t.record(userHolder+u.ID, also)
	})
}

// User implements store.Users.
func (s *Store) User(ctx context.Context, id string) (identity.User, error) {
	return get(ctx, s, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id = ?`, id)
}

// UserByIdentifier implements store.Users.
func (s *Store) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	const query = `SELECT ` + userColumns + ` FROM identifiers i JOIN users u ON u.id = i.user_id
		WHERE i.kind = ? AND i.value = ?`
	return get(ctx, s, scanUser, query, string(name.Kind), name.Value)
}

// Users implements store.Users.
func (s *Store) Users(ctx context.Context, after string, limit int) ([]identity.User, error) {
	const query = `SELECT ` + userColumns + ` FROM users u WHERE u.id > ? ORDER BY u.id LIMIT ?`
	return all(ctx, s, scanUser, query, after, max(0, limit))
}

// UpdateUser implements store.Users.
func (s *Store) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	from := u.Rev
	u.Rev++
	record, claims, err := encodeUser(u)
	if err != nil {
		return unavailable(err)
	}
	terms := u.SearchTerms()
	return s.writeAll(ctx, func(t *tx) error {
		const update = `UPDATE users SET rev = rev + 1, searched = rev + 1, deleted = ?, record = ?, claims = ? WHERE id = ? AND rev = ?`
		n, err := t.exec(update, u.Deleted, record, claims, u.ID, from)
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrStale
		}
		if err := t.replaceNames(u.ID, u.Identifiers); err != nil {
			return err
		}
		if err := t.refind(u, terms); err != nil {
			return err
		}
		return t.record(userHolder+u.ID, also)
	})
}

// RemoveUser implements store.Users.
func (s *Store) RemoveUser(ctx context.Context, id string, rev int64) error {
	return s.write(ctx, func(t *tx) error {
		n, err := t.exec(`DELETE FROM users WHERE id = ? AND rev = ?`, id, rev) // its names and terms go with it
		if err != nil || n > 0 {
			return err
		}
		there, err := t.exists(`SELECT 1 FROM users WHERE id = ?`, id)
		if err == nil && there {
			return store.ErrStale
		}
		return err
	})
}

// replaceNames makes names the ones that a user holds.
func (t *tx) replaceNames(userID string, names []identity.Identifier) error {
	var held []identity.Identifier
	const query = `SELECT kind, value FROM identifiers WHERE user_id = ?`
	err := t.each(query, []any{userID}, func(r row) error {
		var name identity.Identifier
		held = append(held, name)
		return r.Scan(&held[len(held)-1].Kind, &held[len(held)-1].Value)
	})
	if err != nil {
		return err
	}
	for _, name := range held {
		if slices.Contains(names, name) {
			continue
		}
		if _, err := t.exec(`DELETE FROM identifiers WHERE kind = ? AND value = ?`, string(name.Kind), name.Value); err != nil {
			return err
		}
	}
	return t.claimNames(userID, names, held)
}

// claimNames makes a user the holder of names but those it holds already.
func (t *tx) claimNames(userID string, names, held []identity.Identifier) error {
	for i, name := range names {
		if slices.Contains(held, name) || slices.Contains(names[:i], name) {
			continue
		}
		const insert = `INSERT INTO identifiers (kind, value, user_id) VALUES (?, ?, ?)`
		if _, err := t.exec(insert, string(name.Kind), name.Value, userID); err != nil {
			return err
		}
	}
	return nil
}

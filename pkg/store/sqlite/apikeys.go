package sqlite

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const apiKeyColumns = `id, name, kind, hash, scopes, created_at, expires_at, revoked_at, last_used_at` //nolint:gosec // names of columns

func scanAPIKey(r row) (identity.APIKey, error) {
	var (
		k    identity.APIKey
		kind string
	)
	err := r.Scan(&k.ID, &k.Name, &kind, &k.Hash, (*words)(&k.Scopes),
		(*instant)(&k.CreatedAt), (*instant)(&k.ExpiresAt), (*instant)(&k.RevokedAt), (*instant)(&k.LastUsedAt))
	k.Kind = identity.KeyKind(kind)
	return k, err
}

// CreateAPIKey implements store.APIKeys.
func (s *Store) CreateAPIKey(ctx context.Context, k identity.APIKey, also ...identity.Consequence) error {
	const insert = `INSERT INTO api_keys (` + apiKeyColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	scopes, err := list(k.Scopes)
	if err != nil {
		return unavailable(err)
	}
	return s.writeWith(ctx, "", also, func(t *tx) error {
		_, err := t.exec(insert, k.ID, k.Name, string(k.Kind), blob(k.Hash), scopes,
			millis(k.CreatedAt), millis(k.ExpiresAt), millis(k.RevokedAt), millis(k.LastUsedAt))
		return err
	})
}

// APIKey implements store.APIKeys.
func (s *Store) APIKey(ctx context.Context, id string) (identity.APIKey, error) {
	return get(ctx, s, scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys WHERE id = ?`, id)
}

// APIKeys implements store.APIKeys.
func (s *Store) APIKeys(ctx context.Context) ([]identity.APIKey, error) {
	return all(ctx, s, scanAPIKey, `SELECT `+apiKeyColumns+` FROM api_keys ORDER BY created_at, id`)
}

// RevokeAPIKey implements store.APIKeys.
func (s *Store) RevokeAPIKey(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return s.writeWith(ctx, "", also, func(t *tx) error {
		n, err := t.exec(`UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at = 0`, millis(at), id)
		if err == nil && n == 0 {
			return t.missed(store.ErrStale, `SELECT 1 FROM api_keys WHERE id = ?`, id)
		}
		return err
	})
}

// TouchAPIKey implements store.APIKeys.
func (s *Store) TouchAPIKey(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE api_keys SET last_used_at = ?1 WHERE id = ?2 AND last_used_at < ?1`, millis(at), id)
		return err
	})
}

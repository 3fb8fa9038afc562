package sqlite

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// KeySet implements store.KeySets.
func (s *Store) KeySet(ctx context.Context) (store.KeySet, error) {
	return get(ctx, s, func(r row) (k store.KeySet, err error) {
		err = r.Scan(&k.Version, &k.Data)
		return k, err
	}, `SELECT version, data FROM key_set`)
}

// SwapKeySet implements store.KeySets.
func (s *Store) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	return s.writeWith(ctx, "", also, func(t *tx) error {
		n, err := t.swapKeySet(from, data)
		if err == nil && n == 0 {
			return store.ErrStale
		}
		return err
	})
}

func (t *tx) swapKeySet(from int64, data []byte) (int64, error) {
	if from == 0 {
		return t.exec(`INSERT INTO key_set (only, version, data) VALUES (1, 1, ?) ON CONFLICT DO NOTHING`, blob(data))
	}
	return t.exec(`UPDATE key_set SET version = version + 1, data = ? WHERE version = ?`, blob(data), from)
}

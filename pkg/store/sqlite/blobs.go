package sqlite

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// PutBlob implements store.Blobs.
func (s *Store) PutBlob(ctx context.Context, b store.Blob) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO blobs (id, type, data, created_at) VALUES (?, ?, ?, ?)`,
			b.ID, b.Type, blob(b.Data), millis(b.CreatedAt))
		return err
	})
}

// Blob implements store.Blobs.
func (s *Store) Blob(ctx context.Context, id string) (store.Blob, error) {
	return get(ctx, s, func(r row) (b store.Blob, err error) {
		err = r.Scan(&b.ID, &b.Type, &b.Data, (*instant)(&b.CreatedAt))
		return b, err
	}, `SELECT id, type, data, created_at FROM blobs WHERE id = ?`, id)
}

// DeleteBlob implements store.Blobs.
func (s *Store) DeleteBlob(ctx context.Context, id string) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM blobs WHERE id = ?`, id)
		return err
	})
}

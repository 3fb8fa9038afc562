package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// blobRecord is one document: a blob is far below the 16 MiB that a document may have, and two
// would not be one step (docs/adr/0011-blobs.md).
type blobRecord struct {
	ID        string    `bson:"_id"`
	Type      string    `bson:"type"`
	Data      []byte    `bson:"data"`
	CreatedAt time.Time `bson:"created_at"`
	Call      string    `bson:"call"`
}

var errBlobSize = errors.New("the blob is larger than store.MaxBlob")

// PutBlob implements store.Blobs.
func (s *Store) PutBlob(ctx context.Context, b store.Blob) error {
	if len(b.Data) > store.MaxBlob {
		return unavailable("write to "+colBlobs, errBlobSize)
	}
	call := newCall()
	return s.insert(ctx, colBlobs, b.ID, call, blobRecord{ID: b.ID, Type: b.Type, Data: b.Data, CreatedAt: b.CreatedAt, Call: call})
}

// Blob implements store.Blobs.
func (s *Store) Blob(ctx context.Context, id string) (store.Blob, error) {
	r, err := find[blobRecord](ctx, s, colBlobs, bson.M{"_id": id})
	return store.Blob{ID: r.ID, Type: r.Type, Data: r.Data, CreatedAt: r.CreatedAt}, err
}

// DeleteBlob implements store.Blobs.
func (s *Store) DeleteBlob(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	if _, err := s.coll(colBlobs).DeleteOne(ctx, bson.M{"_id": id}); err != nil {
		return unavailable("delete a blob", err)
	}
	return nil
}

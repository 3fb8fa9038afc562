package store

import (
	"context"
	"time"
)

// MaxBlob is the largest blob, in bytes.
const MaxBlob = 1 << 20

// Blob is a piece of data that never changes, such as a picture.
type Blob struct {
	ID        string // at most 200 bytes; random, so that it is given out once
	Type      string // its media type
	Data      []byte // at most MaxBlob bytes
	CreatedAt time.Time
}

// Blobs keeps blobs. They may lie elsewhere than the other records: nothing here happens in one
// step with a change of those. Whoever puts a blob records first what takes it away again.
type Blobs interface {
	// PutBlob stores a new blob. ErrExists when the id is taken; of any number of concurrent
	// callers with one id exactly one succeeds. A blob that is too large is not stored.
	PutBlob(ctx context.Context, b Blob) error
	// Blob returns a blob.
	Blob(ctx context.Context, id string) (Blob, error)
	// DeleteBlob removes a blob; its id is free again. One that is gone is no error.
	DeleteBlob(ctx context.Context, id string) error
}

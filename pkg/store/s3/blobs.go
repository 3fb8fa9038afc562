package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// PutBlob implements store.Blobs.
func (s *Store) PutBlob(ctx context.Context, b store.Blob) error {
	if len(b.Data) > store.MaxBlob {
		return unavailable("put", errTooLarge)
	}
	if ctx.Err() != nil {
		return unavailable("put", ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	m := meta{ID: b.ID, Type: b.Type, CreatedAt: b.CreatedAt, Call: opaque.Random(12)}
	err := s.put(ctx, m, b.Data, true)
	switch minio.ToErrorResponse(err).Code {
	case minio.NotImplemented, minio.MethodNotAllowed:
		return s.putUnconditionally(ctx, m, b.Data)
	case "ConditionalRequestConflict", minio.Conflict: // another write or delete was on its way
		err = s.put(ctx, m, b.Data, true)
	}
	if err == nil {
		return nil
	}
	refused := minio.ToErrorResponse(err).Code == minio.PreconditionFailed
	mine, looked := s.mine(ctx, m)
	switch {
	case looked == nil && mine:
		return nil
	case refused:
		return store.ErrExists
	default:
		return unavailable("put", err)
	}
}

func (s *Store) put(ctx context.Context, m meta, data []byte, conditionally bool) error {
	o := minio.PutObjectOptions{UserMetadata: map[string]string{record: m.text()}, DisableContentSha256: true}
	if conditionally {
		o.SetMatchETagExcept("*")
	}
	_, err := s.client.PutObject(ctx, s.bucket, s.key(m.ID), bytes.NewReader(data), int64(len(data)), "", sum(data), o)
	return err
}

// sum is what the server checks the data by, with TLS and without.
func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// putUnconditionally writes to a server that knows no conditions: an id that is taken is found out
// before, which is enough where ids are random.
func (s *Store) putUnconditionally(ctx context.Context, m meta, data []byte) error {
	switch _, err := s.client.StatObject(ctx, s.bucket, s.key(m.ID), minio.StatObjectOptions{}); {
	case err == nil:
		return store.ErrExists
	case minio.ToErrorResponse(err).Code != minio.NoSuchKey:
		return unavailable("look for an object", err)
	}
	if err := s.put(ctx, m, data, false); err != nil {
		return unavailable("put", err)
	}
	return nil
}

// mine reports whether a write that failed has happened all the same.
func (s *Store) mine(ctx context.Context, m meta) (bool, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.look)
	defer cancel()
	o, err := s.client.StatObject(ctx, s.bucket, s.key(m.ID), minio.StatObjectOptions{})
	if err != nil {
		return false, err
	}
	found, err := readMeta(o)
	return found.Call == m.Call, err
}

// Blob implements store.Blobs.
func (s *Store) Blob(ctx context.Context, id string) (store.Blob, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	r, info, _, err := s.client.GetObject(ctx, s.bucket, s.key(id), minio.GetObjectOptions{})
	if err != nil {
		return store.Blob{}, absent(err)
	}
	defer func() { _ = r.Close() }() // what was read is checked below
	m, err := readMeta(info)
	if err == nil && m.ID != id {
		err = errForeign
	}
	if err != nil {
		return store.Blob{}, unavailable("read an object", err)
	}
	data, err := io.ReadAll(io.LimitReader(r, store.MaxBlob+1))
	if err == nil && int64(len(data)) != info.Size {
		err = fmt.Errorf("%d bytes came of %d", len(data), info.Size)
	}
	if err != nil {
		return store.Blob{}, unavailable("read an object", err)
	}
	return store.Blob{ID: m.ID, Type: m.Type, Data: data, CreatedAt: m.CreatedAt}, nil
}

// absent is store.ErrNotFound when the server itself says that there is no such object. The
// client takes any 404 for that, one from a proxy too; a server's own has its name or a request id.
func absent(err error) error {
	r := minio.ToErrorResponse(err)
	if r.Code == minio.NoSuchKey && (r.RequestID != "" || r.Server != "") {
		return store.ErrNotFound
	}
	return unavailable("get", err)
}

// DeleteBlob implements store.Blobs.
func (s *Store) DeleteBlob(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.client.RemoveObject(ctx, s.bucket, s.key(id), minio.RemoveObjectOptions{})
	if err == nil || errors.Is(absent(err), store.ErrNotFound) {
		return nil
	}
	return unavailable("delete", err)
}

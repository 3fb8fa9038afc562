package storetest_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func blobBugs() []bug {
	return []bug{
		{"Blob of an unknown id is the zero blob", func(m *memory) store.Store { return blobZero{m} }, []string{
			"blobs/a blob that is not there is ErrNotFound",
			"blobs/a blob that is too large is not stored"}},
		{"PutBlob replaces a blob", func(m *memory) store.Store { return blobReplaces{m} }, []string{
			"blobs/PutBlob stores a blob and never replaces one",
			"blobs/of 20 concurrent PutBlob with one id exactly one succeeds"}},
		{"PutBlob looks and writes in two steps", func(m *memory) store.Store { return racyPut{m} }, []string{
			"blobs/of 20 concurrent PutBlob with one id exactly one succeeds"}},
		{"DeleteBlob of none is ErrNotFound", func(m *memory) store.Store { return deleteMisses{m} }, []string{
			"blobs/DeleteBlob removes one blob, and the second time is no error"}},
		{"DeleteBlob leaves an empty blob behind", func(m *memory) store.Store { return deleteEmpties{m} }, []string{
			"blobs/DeleteBlob removes one blob, and the second time is no error",
			"blobs/the id of a blob that was deleted is free"}},
		{"blobs are kept by the last part of a path", func(m *memory) store.Store { return blobPaths{m} }, []string{
			"blobs/blobs are kept apart whose ids differ in anything"}},
		{"a blob loses its type", func(m *memory) store.Store { return blobUntyped{m} }, []string{
			"blobs/every field of a blob survives"}},
		{"a blob is cut to 64 KiB", func(m *memory) store.Store { return blobCut{m} }, []string{
			"blobs/a blob of the largest size survives, byte for byte"}},
		{"PutBlob takes any size", func(m *memory) store.Store { return blobAnySize{m} }, []string{
			"blobs/a blob that is too large is not stored"}},
		{"a blob without a time gets one", func(m *memory) store.Store { return blobDated{m} }, []string{
			"blobs/fields of a blob that are empty stay empty"}},
		{"Blob hands out what is stored", func(m *memory) store.Store { return blobShared{m} }, []string{
			"blobs/a caller may change the data of a blob that it wrote or read"}},
		{"Blob that fails is ErrNotFound", func(m *memory) store.Store { return blobAbsence{m} }, []string{
			"blobs/with a context that is done every call about blobs is unavailable and changes nothing"}},
	}
}

type blobZero struct{ *memory }

func (b blobZero) Blob(ctx context.Context, id string) (store.Blob, error) {
	return found(b.memory.Blob(ctx, id))
}

type blobReplaces struct{ *memory }

func (b blobReplaces) PutBlob(ctx context.Context, blob store.Blob) error {
	return b.step(ctx, func() error {
		b.blobs[blob.ID] = clone(blob)
		return nil
	})
}

type racyPut struct{ *memory }

func (b racyPut) PutBlob(ctx context.Context, blob store.Blob) error {
	return racy(b.memory, func(m *memory) error { return m.PutBlob(ctx, blob) })
}

type deleteMisses struct{ *memory }

func (b deleteMisses) DeleteBlob(ctx context.Context, id string) error {
	_, err := b.Blob(ctx, id)
	return errors.Join(err, b.memory.DeleteBlob(ctx, id))
}

type deleteEmpties struct{ *memory }

func (b deleteEmpties) DeleteBlob(ctx context.Context, id string) error {
	return b.step(ctx, func() error {
		b.blobs[id] = store.Blob{ID: id}
		return nil
	})
}

type blobPaths struct{ *memory }

func (b blobPaths) key(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

func (b blobPaths) PutBlob(ctx context.Context, blob store.Blob) error {
	blob.ID = b.key(blob.ID)
	return b.memory.PutBlob(ctx, blob)
}

func (b blobPaths) Blob(ctx context.Context, id string) (store.Blob, error) {
	blob, err := b.memory.Blob(ctx, b.key(id))
	blob.ID = id
	return blob, err
}

type blobUntyped struct{ *memory }

func (b blobUntyped) PutBlob(ctx context.Context, blob store.Blob) error {
	blob.Type = strings.ToLower(blob.Type)
	return b.memory.PutBlob(ctx, blob)
}

type blobCut struct{ *memory }

func (b blobCut) PutBlob(ctx context.Context, blob store.Blob) error {
	blob.Data = blob.Data[:min(len(blob.Data), 64<<10)]
	return b.memory.PutBlob(ctx, blob)
}

type blobAnySize struct{ *memory }

func (b blobAnySize) PutBlob(ctx context.Context, blob store.Blob) error {
	return add(ctx, b.memory, b.blobs, blob.ID, blob, nil)
}

type blobDated struct{ *memory }

func (b blobDated) PutBlob(ctx context.Context, blob store.Blob) error {
	if blob.CreatedAt.IsZero() {
		blob.CreatedAt = time.UnixMilli(0).UTC()
	}
	return b.memory.PutBlob(ctx, blob)
}

type blobShared struct{ *memory }

func (b blobShared) Blob(ctx context.Context, id string) (store.Blob, error) {
	if _, err := b.memory.Blob(ctx, id); err != nil {
		return store.Blob{}, err
	}
	return b.blobs[id], nil
}

type blobAbsence struct{ *memory }

func (b blobAbsence) Blob(ctx context.Context, id string) (store.Blob, error) {
	blob, err := b.memory.Blob(ctx, id)
	if err != nil {
		err = store.ErrNotFound
	}
	return blob, err
}

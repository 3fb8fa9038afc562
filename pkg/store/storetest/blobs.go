package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// RunBlobs checks what Run checks of blobs, for a store that keeps nothing else. open is called
// once for each promise and returns a fresh, empty store, as for Run.
func RunBlobs(t *testing.T, open func(t *testing.T) store.Blobs) {
	t.Helper()
	for _, p := range blobs() {
		t.Run(p.sentence, func(t *testing.T) {
			p.check(&kit{T: t, b: open(t), ctx: t.Context()})
		})
	}
}

// blobs are promises of store.Blobs alone: their checks use nothing else of the store.
func blobs() []promise {
	return []promise{
		{"a blob that is not there is ErrNotFound", blobNotFound},
		{"PutBlob stores a blob and never replaces one", putBlob},
		{"of 20 concurrent PutBlob with one id exactly one succeeds", putBlobRace},
		{"DeleteBlob removes one blob, and the second time is no error", deleteBlob},
		{"the id of a blob that was deleted is free", deletedBlobIsFree},
		{"blobs are kept apart whose ids differ in anything", blobIDsApart},
		{"every field of a blob survives", fullBlobSurvives},
		{"a blob of the largest size survives, byte for byte", largestBlobSurvives},
		{"a blob that is too large is not stored", tooLargeBlob},
		{"fields of a blob that are empty stay empty", emptyBlobSurvives},
		{"a caller may change the data of a blob that it wrote or read", blobIsNotShared},
		{"with a context that is done every call about blobs is unavailable and changes nothing", blobContexts},
	}
}

func newBlob(id string) store.Blob {
	return store.Blob{ID: id, Type: "image/png", Data: []byte("data of " + id), CreatedAt: at(0)}
}

func (k *kit) put(list ...store.Blob) {
	k.Helper()
	for _, b := range list {
		k.ok(k.b.PutBlob(k.ctx, b))
	}
}

func (k *kit) blob(id string) store.Blob {
	k.Helper()
	b, err := k.b.Blob(k.ctx, id)
	k.ok(err)
	return b
}

func (k *kit) noBlob(id string) {
	k.Helper()
	_, err := k.b.Blob(k.ctx, id)
	k.refused(err, store.ErrNotFound)
}

func blobNotFound(k *kit) {
	k.noBlob("a")
	k.put(newBlob("a"))
	k.noBlob("b")
}

func putBlob(k *kit) {
	k.put(newBlob("a"), newBlob("b"))
	other := newBlob("a")
	other.Data, other.Type = []byte("other data"), "image/jpeg"
	k.refused(k.b.PutBlob(k.ctx, other), store.ErrExists)
	k.refused(k.b.PutBlob(k.ctx, newBlob("a")), store.ErrExists)
	k.equal("the blob", k.blob("a"), newBlob("a"))
	k.equal("the other blob", k.blob("b"), newBlob("b"))
}

func putBlobRace(k *kit) {
	for round := range 3 {
		of := func(i int) store.Blob {
			b := newBlob(fmt.Sprintf("blob%d", round))
			b.Data = fmt.Appendf(nil, "by %d", i)
			return b
		}
		won := k.winners(race(20, func(i int) error { return k.b.PutBlob(k.ctx, of(i)) }), 1, store.ErrExists)
		k.equal("the blob", k.blob(of(0).ID), of(won[0]))
	}
}

func deleteBlob(k *kit) {
	k.put(newBlob("a"), newBlob("b"))
	for range 2 {
		k.ok(k.b.DeleteBlob(k.ctx, "a"))
		k.noBlob("a")
	}
	k.ok(k.b.DeleteBlob(k.ctx, "never there"))
	k.equal("the other blob", k.blob("b"), newBlob("b"))
}

func deletedBlobIsFree(k *kit) {
	k.put(newBlob("a"))
	k.ok(k.b.DeleteBlob(k.ctx, "a"))
	again := newBlob("a")
	again.Data = []byte("data of the next one")
	k.put(again)
	k.equal("the blob", k.blob("a"), again)
}

func blobIDsApart(k *kit) {
	long := strings.Repeat("x", 199)
	ids := []string{
		"a", "A", "a ", " a", "a/b", "a//b", "../a", ".", "a.b", "~61", "%61", "a%2fb", "$a", "é", "e\u0301", "a\x00", "\"'?#&", long + "1", long + "2",
	}
	for _, id := range ids {
		k.put(newBlob(id))
	}
	for _, id := range ids {
		k.equal("the blob", k.blob(id), newBlob(id))
	}
	k.ok(k.b.DeleteBlob(k.ctx, "a"))
	for _, id := range ids[1:] {
		k.equal("the blob", k.blob(id), newBlob(id))
	}
}

func fullBlobSurvives(k *kit) {
	want := fullBlob()
	k.full(want)
	k.put(want)
	got := k.blob(want.ID)
	k.equal("the blob", got, want)
	if names := foreignTimes(got); len(names) > 0 {
		k.Errorf("times that are not in UTC or not of whole milliseconds: %q", names)
	}
	for i, s := range oddStrings() {
		b := newBlob(fmt.Sprintf("odd%d", i))
		b.Type, b.Data = s, []byte(s)
		k.put(b)
		k.equal("the blob", k.blob(b.ID), b)
	}
}

func largestBlobSurvives(k *kit) {
	b := newBlob("large")
	b.Data = bytes.Repeat(bytes256(1), store.MaxBlob/256)
	k.equal("the size of the sample", len(b.Data), store.MaxBlob)
	k.put(b)
	if got := k.blob("large"); !bytes.Equal(got.Data, b.Data) { // a difference would be a long one
		k.Fatalf("the blob comes back as other %d bytes", len(got.Data))
	}
}

func tooLargeBlob(k *kit) {
	b := newBlob("large")
	b.Data = make([]byte, store.MaxBlob+1)
	if err := k.b.PutBlob(k.ctx, b); err == nil || errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrNotFound) {
		k.Fatalf("PutBlob gives %v", err)
	}
	k.noBlob("large")
	k.put(newBlob("large"))
}

func emptyBlobSurvives(k *kit) {
	k.put(store.Blob{ID: "a"})
	k.equal("the blob", k.blob("a"), store.Blob{ID: "a"})
}

func blobIsNotShared(k *kit) {
	b := newBlob("a")
	k.put(b)
	b.Data[0] = 'x'
	for range 2 {
		got := k.blob("a")
		k.equal("the blob", got, newBlob("a"))
		got.Data[0] = 'x'
	}
}

func blobContexts(k *kit) {
	k.put(newBlob("a"))
	cancelled, cancel := context.WithCancel(k.ctx)
	cancel()
	late, cancelLate := context.WithDeadline(k.ctx, time.Unix(1, 0))
	defer cancelLate()
	for _, ctx := range []context.Context{cancelled, late} {
		k.unavailable("Blob", outcome(k.b.Blob(ctx, "a")))
		k.unavailable("Blob of none", outcome(k.b.Blob(ctx, "b")))
		k.unavailable("PutBlob", k.b.PutBlob(ctx, newBlob("b")))
		k.unavailable("PutBlob of a taken id", k.b.PutBlob(ctx, newBlob("a")))
		k.unavailable("DeleteBlob", k.b.DeleteBlob(ctx, "a"))
	}
	k.equal("the blob", k.blob("a"), newBlob("a"))
	k.noBlob("b")
}

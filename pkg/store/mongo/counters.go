package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// hitTries bounds how often a hit starts over because others begin the same window.
const hitTries = 10

type counterRecord struct {
	ID       string    `bson:"_id"`
	N        int64     `bson:"n"`
	ResetsAt time.Time `bson:"resets_at"`
}

// Hit implements store.Counters. When it fails, counters before the failing one have moved: a
// hit too many, never one too few.
func (s *Store) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	counts := make([]store.Count, 0, len(c))
	for _, one := range c {
		n, err := s.hit(ctx, now, one)
		if err != nil {
			return nil, unavailable("count", err)
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// hit goes by what the counter was before it, which is the server's own business no longer when
// the answer is on its way.
func (s *Store) hit(ctx context.Context, now time.Time, c store.Counter) (store.Count, error) {
	first := store.Count{N: 1, ResetsAt: now.Add(c.Window).UTC().Truncate(time.Millisecond)}
	for range hitTries {
		before, err := s.count(ctx, bson.M{"_id": c.Key, "resets_at": bson.M{"$gt": now}},
			bson.M{"$inc": bson.M{"n": int64(1)}}, false)
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return store.Count{N: before.N + 1, ResetsAt: before.ResetsAt}, err
		}
		_, err = s.count(ctx, bson.M{"_id": c.Key, "resets_at": bson.M{"$lte": now}},
			bson.M{"$set": bson.M{"n": first.N, "resets_at": first.ResetsAt}}, true)
		switch {
		case err == nil || errors.Is(err, mongo.ErrNoDocuments): // a window that was over, or none
			return first, nil
		case !mongo.IsDuplicateKeyError(err): // that would be somebody who began the window first
			return store.Count{}, err
		}
	}
	return store.Count{}, errors.New("too many others count the same")
}

// count changes a counter and returns it as it was before.
func (s *Store) count(ctx context.Context, filter, update bson.M, upsert bool) (counterRecord, error) {
	var r counterRecord
	o := options.FindOneAndUpdate().SetReturnDocument(options.Before).SetUpsert(upsert)
	err := s.coll(colCounters).FindOneAndUpdate(ctx, filter, update, o).Decode(&r)
	return r, err
}

// Peek implements store.Counters.
func (s *Store) Peek(ctx context.Context, now time.Time, c store.Counter) (store.Count, error) {
	r, err := find[counterRecord](ctx, s, colCounters, bson.M{"_id": c.Key, "resets_at": bson.M{"$gt": now}})
	if errors.Is(err, store.ErrNotFound) {
		return store.Count{}, nil
	}
	return store.Count{N: r.N, ResetsAt: r.ResetsAt}, err
}

// Forget implements store.Counters.
func (s *Store) Forget(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	if _, err := s.coll(colCounters).DeleteMany(ctx, bson.M{"_id": bson.M{"$in": keys}}); err != nil {
		return unavailable("forget counters", err)
	}
	return nil
}

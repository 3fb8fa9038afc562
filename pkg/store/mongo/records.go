package mongo

import (
	"context"
	"errors"
	"fmt"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// unavailable wraps a failure whose outcome is unknown, or that kept us from asking.
func unavailable(doing string, err error) error {
	return store.ErrUnavailable.With(fmt.Errorf("mongo: %s: %w", doing, err))
}

// newCall returns the mark of one writing call.
func newCall() string { return opaque.Random(12) }

// change is what an update does to one record. The mark of the call comes with it.
type change struct {
	set                   any // a document of fields, call among them if it is not a bson.M
	unset, inc, min, pull bson.M
	push                  bson.M
	also                  []identity.Consequence
}

func (c change) document(call string) bson.M {
	if set, ok := c.set.(bson.M); ok {
		set["call"] = call
	}
	d := bson.M{"$set": c.set}
	if len(c.also) > 0 {
		c.push = bson.M{"pending": bson.M{"$each": c.also}}
	}
	for op, fields := range map[string]bson.M{"$unset": c.unset, "$inc": c.inc, "$min": c.min, "$pull": c.pull, "$push": c.push} {
		if len(fields) > 0 {
			d[op] = fields
		}
	}
	return d
}

// attempt does one write and finds out what came of it: nil, store.ErrExists, store.ErrStale
// (which do returns when its filter matched nothing) or store.ErrUnavailable. proof is a filter
// that finds a document only if the write has happened.
func (s *Store) attempt(ctx context.Context, coll string, proof bson.M, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	err := func() error {
		ctx, cancel := context.WithTimeout(ctx, s.within.write)
		defer cancel()
		return do(ctx)
	}()
	switch {
	case err == nil || errors.Is(err, store.ErrStale):
		return err
	case mongo.IsDuplicateKeyError(err):
		return store.ErrExists
	}
	if _, notSeen := find[bson.M](ctx, s, coll, proof); notSeen == nil {
		return nil
	}
	return unavailable("write to "+coll, err)
}

// insert stores a new document that carries the mark call.
func (s *Store) insert(ctx context.Context, coll, id, call string, doc any) error {
	return s.attempt(ctx, coll, bson.M{"_id": id, "call": call}, func(ctx context.Context) error {
		_, err := s.coll(coll).InsertOne(ctx, doc)
		return err
	})
}

// update changes the record that has this id and is in the state that filter describes;
// store.ErrStale when there is none.
func (s *Store) update(ctx context.Context, coll, id string, filter bson.M, c change) error {
	return s.updateAs(ctx, newCall(), coll, id, filter, c)
}

func (s *Store) updateAs(ctx context.Context, call, coll, id string, filter bson.M, c change) error {
	filter["_id"] = id
	return s.attempt(ctx, coll, bson.M{"_id": id, "call": call}, func(ctx context.Context) error {
		r, err := s.coll(coll).UpdateOne(ctx, filter, c.document(call))
		if err == nil && r.MatchedCount == 0 {
			return store.ErrStale
		}
		return err
	})
}

// updated is update that returns the record as it is afterwards.
func updated[T any](ctx context.Context, s *Store, coll, id string, filter bson.M, c change) (T, error) {
	var (
		v        T
		answered bool
		call     = newCall()
		after    = options.FindOneAndUpdate().SetReturnDocument(options.After)
	)
	filter["_id"] = id
	err := s.attempt(ctx, coll, bson.M{"_id": id, "call": call}, func(ctx context.Context) error {
		err := s.coll(coll).FindOneAndUpdate(ctx, filter, c.document(call), after).Decode(&v)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return store.ErrStale
		}
		answered = err == nil
		return err
	})
	if err == nil && !answered { // it happened and the answer was lost
		return find[T](ctx, s, coll, bson.M{"_id": id})
	}
	return v, err
}

// staleOrMissing says why an update of this record found nothing to change.
func (s *Store) staleOrMissing(ctx context.Context, coll, id string) error {
	if _, err := find[bson.M](ctx, s, coll, bson.M{"_id": id}); err != nil {
		return err
	}
	return store.ErrStale
}

// find returns the one document that filter describes, or store.ErrNotFound.
func find[T any](ctx context.Context, s *Store, coll string, filter bson.M, o ...options.Lister[options.FindOneOptions]) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	var v, none T
	err := s.coll(coll).FindOne(ctx, filter, o...).Decode(&v)
	switch {
	case err == nil:
		return v, nil
	case errors.Is(err, mongo.ErrNoDocuments):
		return none, store.ErrNotFound
	default:
		return none, unavailable("read "+coll, err)
	}
}

// everything is the limit of a list that has none.
const everything = math.MaxInt32

// list returns up to limit documents that filter describes, in the given order.
func list[T any](ctx context.Context, s *Store, coll string, filter bson.M, sort bson.D, limit int, o ...options.Lister[options.FindOptions]) ([]T, error) {
	if limit <= 0 {
		return nil, nil // to the server 0 would mean all of them
	}
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	first := options.Find().SetLimit(int64(limit))
	if len(sort) > 0 {
		first.SetSort(sort)
	}
	cursor, err := s.coll(coll).Find(ctx, filter, append(o, first)...)
	if err != nil {
		return nil, unavailable("read "+coll, err)
	}
	var all []T
	if err := cursor.All(ctx, &all); err != nil {
		return nil, unavailable("read "+coll, err)
	}
	return all, nil
}

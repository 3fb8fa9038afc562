package mongo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	indexTime = 30 * time.Second
	// counterSlack is how long after its window a counter may stay. It is the only thing the
	// server removes by itself: everything else must first have no consequence outstanding.
	counterSlack = 24 * 60 * 60 // seconds
)

type index struct {
	coll string
	keys bson.D
	ttl  int32 // seconds; 0 means none
}

// indexes is all there are beside _id. None is unique, so a missing one costs time, not truth.
func indexes() []index {
	return []index{
		{coll: colUsers, keys: asc("pending.due_at")},
		{coll: colUsers, keys: asc("check_at")},
		{coll: colUsers, keys: slices.Concat(asc("terms"), desc("created_at", "_id"), asc("user_type"))},
		{coll: colUsers, keys: slices.Concat(asc("active"), desc("created_at", "_id"))},
		{coll: colUsers, keys: slices.Concat(asc("active", "user_type"), desc("created_at", "_id"))},
		{coll: colSessions, keys: asc("pending.due_at")},
		{coll: colSessions, keys: asc("user_id")},
		{coll: colSessions, keys: asc("dead_at")},
		{coll: colInvitations, keys: asc("pending.due_at")},
		{coll: colInvitations, keys: desc("created_at", "_id")},
		{coll: colInvitations, keys: asc("reserved")},
		{coll: colInvitations, keys: asc("code_hash")},
		{coll: colInvitations, keys: asc("form", "expires_at")},
		{coll: colOutbox, keys: asc("pending.due_at")},
		{coll: colIdentifiers, keys: asc("confirmed", "at")},
		{coll: colCounters, keys: asc("resets_at"), ttl: counterSlack},
		{coll: colAudit, keys: asc("id")},
	}
}

// index makes the indexes that are missing and looks whether they are there. A large collection
// may take longer than a start should: the server goes on by itself, and we say so.
func (s *Store) index(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, indexTime)
	defer cancel()
	for _, i := range indexes() {
		name, err := s.makeIndex(bounded, i)
		switch {
		case bounded.Err() != nil && ctx.Err() == nil:
			s.log.WarnContext(ctx, "an index is still being made; until it is there some calls are slow", "collection", i.coll)
			return nil
		case err != nil:
			return unavailable("make an index on "+i.coll, err)
		}
		if err := s.checkIndex(bounded, i, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) makeIndex(ctx context.Context, i index) (string, error) {
	o := options.Index()
	if i.ttl > 0 {
		o.SetExpireAfterSeconds(i.ttl)
	}
	return s.coll(i.coll).Indexes().CreateOne(ctx, mongo.IndexModel{Keys: i.keys, Options: o})
}

func (s *Store) checkIndex(ctx context.Context, i index, name string) error {
	specs, err := s.coll(i.coll).Indexes().ListSpecifications(ctx)
	if err != nil {
		return unavailable("list the indexes of "+i.coll, err)
	}
	ok := slices.ContainsFunc(specs, func(spec mongo.IndexSpecification) bool {
		return spec.Name == name && i.is(spec)
	})
	if !ok {
		return fmt.Errorf("mongo: the index %s on %s is not as it should be: drop it, it will be made anew", name, i.coll)
	}
	return nil
}

// is reports whether the server's index does what i is to do, and nothing more.
func (i index) is(spec mongo.IndexSpecification) bool {
	if i.ttl == 0 {
		return spec.ExpireAfterSeconds == nil && (spec.Unique == nil || !*spec.Unique)
	}
	return spec.ExpireAfterSeconds != nil && *spec.ExpireAfterSeconds == i.ttl
}

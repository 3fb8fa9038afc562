package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	sweepBatch  = 500 // records a step looks at
	sweepRounds = 20  // steps of one kind in one sweep
)

// Ping implements store.Upkeep by a write that a majority has to take.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	_, err := s.coll(colHealth).UpdateOne(ctx, bson.M{"_id": "ping"},
		bson.M{"$set": bson.M{"at": s.now()}}, options.UpdateOne().SetUpsert(true))
	if err != nil && !mongo.IsDuplicateKeyError(err) { // two first pings: both were heard
		return unavailable("ping", err)
	}
	return nil
}

// Sweep implements store.Upkeep.
func (s *Store) Sweep(ctx context.Context, now time.Time) (int64, error) {
	settled := bson.M{"$size": 0}
	old := bson.M{"$lt": now.Add(-store.ClaimTimeout)}
	steps := []func() (int64, bool, error){
		func() (int64, bool, error) {
			dead := bson.M{"$lt": now.Add(-store.RetainSessions)}
			return s.sweepRecords(ctx, colSessions, bson.M{"dead_at": dead, "pending": settled})
		},
		func() (int64, bool, error) {
			return s.sweepRecords(ctx, colCounters, bson.M{"resets_at": bson.M{"$lte": now}})
		},
		func() (int64, bool, error) {
			lapsed := bson.M{"$lt": now.Add(-store.RetainInvitations)}
			return s.sweepRecords(ctx, colInvitations, bson.M{
				"form": identity.CodeUUID, "expires_at": lapsed, "left": bson.M{"$gt": 0}, "pending": settled,
			})
		},
		func() (int64, bool, error) { return s.sweepUsers(ctx, now) },
		func() (int64, bool, error) {
			return s.sweepClaims(ctx, bson.M{"confirmed": false, "at": old})
		},
		func() (int64, bool, error) {
			more, err := s.makeFindable(ctx)
			return 0, more, err
		},
	}
	var removed int64
	for _, step := range steps {
		for range sweepRounds {
			n, more, err := step()
			removed += n
			if err != nil {
				return removed, err
			}
			if !more {
				break
			}
		}
	}
	return removed, nil
}

// sweepRecords deletes one batch of records. More reports whether there may be another.
func (s *Store) sweepRecords(ctx context.Context, coll string, filter bson.M) (n int64, more bool, err error) {
	found, err := list[bson.M](ctx, s, coll, filter, nil, sweepBatch, options.Find().SetProjection(bson.M{"_id": 1}))
	if err != nil || len(found) == 0 {
		return 0, false, err
	}
	ids := make(bson.A, 0, len(found))
	for _, r := range found {
		ids = append(ids, r["_id"])
	}
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	filter = bson.M{"$and": bson.A{bson.M{"_id": bson.M{"$in": ids}}, filter}} // still so
	r, err := s.coll(coll).DeleteMany(ctx, filter)
	if err != nil {
		return 0, false, unavailable("sweep "+coll, err)
	}
	return r.DeletedCount, len(found) == sweepBatch, nil
}

// sweepUsers looks at users that ask for it: tombstones, which go when nothing is left to be
// done, and new ones, which stay if their names are theirs.
func (s *Store) sweepUsers(ctx context.Context, now time.Time) (n int64, more bool, err error) {
	due := bson.M{
		"check_at": bson.M{"$lte": now},
		"$or":      bson.A{bson.M{"deleted": false}, bson.M{"pending": bson.M{"$size": 0}}},
	}
	found, err := list[userRecord](ctx, s, colUsers, due, nil, sweepBatch)
	if err != nil {
		return 0, false, err
	}
	for _, u := range found {
		var gone bool
		if u.Deleted {
			gone, err = s.sweepUser(ctx, u)
		} else {
			gone, err = s.checkNames(ctx, u)
		}
		if err != nil && !errors.Is(err, store.ErrStale) { // stale: it moved, and comes up again
			return n, false, err
		}
		if gone {
			n++
		}
	}
	return n, len(found) == sweepBatch, nil
}

// checkNames removes a new user whose names are not its own, and takes any other off the list.
func (s *Store) checkNames(ctx context.Context, u userRecord) (gone bool, err error) {
	names := claimIDs(u.Identifiers)
	held, err := list[claim](ctx, s, colIdentifiers, bson.M{"_id": bson.M{"$in": names}, "uid": u.User.ID}, nil, len(names))
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	if u.Rev > 1 || len(held) == len(names) {
		_, err = s.coll(colUsers).UpdateOne(ctx, bson.M{"_id": u.User.ID, "check_at": u.CheckAt}, bson.M{"$unset": bson.M{"check_at": ""}})
		if err != nil {
			return false, unavailable("sweep users", err)
		}
		return false, nil
	}
	return s.sweepUser(ctx, u)
}

// sweepUser deletes a user as it was read and frees its names.
func (s *Store) sweepUser(ctx context.Context, u userRecord) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	if gone, err = s.deleteUser(ctx, u.User.ID, u.Rev); gone {
		s.release(ctx, claimIDs(u.Identifiers), claim{UID: u.User.ID, Rev: u.Rev + 1})
	}
	return gone, err
}

// sweepClaims removes claims whose user does not list them and confirms the others.
func (s *Store) sweepClaims(ctx context.Context, filter bson.M) (n int64, more bool, err error) {
	found, err := list[claim](ctx, s, colIdentifiers, filter, nil, sweepBatch)
	if err != nil {
		return 0, false, err
	}
	for _, c := range found {
		gone, err := s.sweepClaim(ctx, c)
		if err != nil {
			return n, false, err
		}
		if gone {
			n++
		}
	}
	return n, len(found) == sweepBatch, nil
}

func (s *Store) sweepClaim(ctx context.Context, c claim) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	listed, err := s.lists(ctx, c)
	if err != nil {
		return false, err
	}
	asRead := bson.M{"_id": c.ID, "call": c.Call, "at": c.At, "confirmed": c.Confirmed}
	if listed {
		if _, err := s.coll(colIdentifiers).UpdateOne(ctx, asRead, bson.M{"$set": bson.M{"confirmed": true}}); err != nil {
			return false, unavailable("sweep names", err)
		}
		return false, nil
	}
	r, err := s.coll(colIdentifiers).DeleteOne(ctx, asRead)
	if err != nil {
		return false, unavailable("sweep names", err)
	}
	return r.DeletedCount == 1, nil
}

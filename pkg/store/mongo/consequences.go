package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// minCandidates is how many records a claim looks at in each collection, so that earlier
	// consequences come first even when few are asked for.
	minCandidates = 64
	// claimRounds bounds how often a claim looks again because others took all it saw.
	claimRounds = 3
)

// carriers returns the collections whose records carry consequences.
func carriers() []string {
	return []string{colOutbox, colUsers, colSessions, colInvitations, colAPIKeys, colKeySets}
}

// carrier is a record as a relay sees it.
type carrier struct {
	ID  string `bson:"_id"`
	Own own    `bson:",inline"`
}

// duplicateKey is the server's error code.
const duplicateKey = 11000

func consequenceIDs(all []identity.Consequence) []string {
	ids := make([]string, 0, len(all))
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

// Record implements store.Consequences. Each has a record of its own, whose _id keeps it from
// being recorded twice; after an error some may be recorded, and doing it again adds the rest.
func (s *Store) Record(ctx context.Context, also ...identity.Consequence) error {
	if len(also) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	records := make([]carrier, 0, len(also))
	for _, c := range also {
		records = append(records, carrier{ID: c.ID, Own: own{Call: newCall(), Pending: []identity.Consequence{c}}})
	}
	_, err := s.coll(colOutbox).InsertMany(ctx, records, options.InsertMany().SetOrdered(false))
	if err != nil && !onlyDuplicates(err) {
		return unavailable("record consequences", err)
	}
	return nil
}

// onlyDuplicates reports whether all that failed did so because it was there.
func onlyDuplicates(err error) bool {
	var e mongo.BulkWriteException
	return errors.As(err, &e) && e.WriteConcernError == nil && len(e.WriteErrors) > 0 &&
		!slices.ContainsFunc(e.WriteErrors, func(w mongo.BulkWriteError) bool { return !w.HasErrorCode(duplicateKey) })
}

// ClaimDue implements store.Consequences.
func (s *Store) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	var claimed []store.Due
	for range claimRounds {
		candidates, err := s.due(ctx, now, limit)
		if err != nil {
			return nil, err
		}
		claimed, err = s.claimDue(ctx, candidates, now.Add(lease), limit)
		if err != nil || len(candidates) == 0 || len(claimed) > 0 {
			return claimed, err
		}
	}
	return claimed, nil
}

// due returns consequences that are due at now, the earliest of those it saw first.
func (s *Store) due(ctx context.Context, now time.Time, limit int) ([]store.Due, error) {
	if limit <= 0 {
		return nil, nil
	}
	var found []store.Due
	for _, coll := range carriers() {
		records, err := list[carrier](ctx, s, coll, bson.M{"pending.due_at": bson.M{"$lte": now}}, nil,
			max(limit, minCandidates), options.Find().SetProjection(bson.M{"pending": 1}))
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			for _, c := range r.Own.Pending {
				if !c.DueAt.After(now) {
					found = append(found, store.Due{Consequence: c, Holder: coll + "/" + r.ID})
				}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b store.Due) int { return a.DueAt.Compare(b.DueAt) })
	return found, nil
}

// claimDue claims what it can of candidates. When one fails it returns those claimed before.
func (s *Store) claimDue(ctx context.Context, candidates []store.Due, until time.Time, limit int) ([]store.Due, error) {
	var claimed []store.Due
	for _, d := range candidates {
		if len(claimed) == limit {
			break
		}
		err := s.reschedule(ctx, d, until, true)
		switch {
		case err == nil:
			d.Attempts++
			d.DueAt = until
			claimed = append(claimed, d)
		case !errors.Is(err, store.ErrStale): // what may be claimed now is due again when its lease ends
			if len(claimed) == 0 {
				return nil, err
			}
			return claimed, nil
		}
	}
	return claimed, nil
}

// reschedule moves a consequence that is still at d's attempts and, if asked so, still due when
// d says. ErrStale when it is not, or is gone.
func (s *Store) reschedule(ctx context.Context, d store.Due, t time.Time, claim bool) error {
	coll, id, err := holder(d)
	if err != nil {
		return err
	}
	asRead, attempts := bson.M{"id": d.ID, "attempts": d.Attempts}, d.Attempts
	if claim {
		asRead["due_at"] = d.DueAt
		attempts++
	}
	r, err := s.coll(coll).UpdateOne(ctx,
		bson.M{"_id": id, "pending.id": d.ID, "pending": bson.M{"$elemMatch": asRead}}, // see reservedFor
		bson.M{"$set": bson.M{"pending.$.due_at": t, "pending.$.attempts": attempts}})
	switch {
	case err != nil:
		return unavailable("reschedule a consequence", err)
	case r.MatchedCount == 0:
		return store.ErrStale
	default:
		return nil
	}
}

// Postpone implements store.Consequences. One that has been claimed again meanwhile is its new
// claimer's and stays as it is.
func (s *Store) Postpone(ctx context.Context, due store.Due, t time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	err := s.reschedule(ctx, due, t, false)
	if errors.Is(err, store.ErrStale) {
		return nil
	}
	return err
}

// Settle implements store.Consequences.
func (s *Store) Settle(ctx context.Context, due ...store.Due) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	writes := map[string][]mongo.WriteModel{}
	for _, d := range due {
		coll, id, err := holder(d)
		if err != nil {
			return err
		}
		var w mongo.WriteModel = mongo.NewUpdateOneModel().SetFilter(bson.M{"_id": id}).
			SetUpdate(bson.M{"$pull": bson.M{"pending": bson.M{"id": d.ID}}})
		if coll == colOutbox {
			w = mongo.NewDeleteOneModel().SetFilter(bson.M{"_id": id})
		}
		writes[coll] = append(writes[coll], w)
	}
	for coll, w := range writes {
		if _, err := s.coll(coll).BulkWrite(ctx, w); err != nil {
			return unavailable("settle consequences", err)
		}
	}
	return nil
}

// holder returns where a consequence is carried.
func holder(d store.Due) (coll, id string, err error) {
	coll, id, _ = strings.Cut(d.Holder, "/")
	if !slices.Contains(carriers(), coll) {
		return "", "", unavailable("find a consequence", fmt.Errorf("no holder like %q", d.Holder))
	}
	return coll, id, nil
}

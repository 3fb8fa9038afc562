package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// claim is one document in identifiers: the package comment says what it is worth.
type claim struct {
	ID        string    `bson:"_id"`
	UID       string    `bson:"uid"`
	Rev       int64     `bson:"rev"`  // the revision at which the user lists the name
	At        time.Time `bson:"at"`   // when it was last in motion
	Call      string    `bson:"call"` // who wrote it
	Confirmed bool      `bson:"confirmed"`
}

// claimTries bounds how often a call starts over because others move the same claim.
const claimTries = 5

// mine reports whether held serves c as it is: this call made it, or another update of the same
// user that started from the same revision or a later one. Of such updates one succeeds; c's
// confirmation finds out whether the claim outlived the others.
func (held claim) mine(c claim) bool {
	return held.Call == c.Call || held.UID == c.UID && c.Rev > 1 && held.Rev >= c.Rev
}

func claimID(n identity.Identifier) string { return string(n.Kind) + ":" + n.Value }

// claimIDs returns the claims behind names, sorted: whoever wants several takes them in one
// order, so that of two who want the same some one gets them all.
func claimIDs(names []identity.Identifier) []string {
	ids := make([]string, 0, len(names))
	for _, n := range names {
		ids = append(ids, claimID(n))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// difference returns what is only in a and what is only in b.
func difference(a, b []string) (onlyA, onlyB []string) {
	missing := func(in []string) func(string) bool {
		return func(s string) bool { return slices.Contains(in, s) }
	}
	return slices.DeleteFunc(slices.Clone(a), missing(b)), slices.DeleteFunc(slices.Clone(b), missing(a))
}

// claimAll claims names for c's user, all or none. ErrExists when one is taken.
func (s *Store) claimAll(ctx context.Context, ids []string, c claim) error {
	for i, id := range ids {
		c.ID = id
		if err := s.claim(ctx, c); err != nil {
			s.abandon(ctx, ids[:i+1], c, err)
			return err
		}
	}
	return nil
}

func (s *Store) claim(ctx context.Context, c claim) error {
	for range claimTries {
		err := s.insert(ctx, colIdentifiers, c.ID, c.Call, c)
		if !errors.Is(err, store.ErrExists) {
			return err
		}
		held, err := find[claim](ctx, s, colIdentifiers, bson.M{"_id": c.ID})
		if errors.Is(err, store.ErrNotFound) {
			continue // it was released just now
		}
		if err != nil || held.mine(c) {
			return err
		}
		void, err := s.void(ctx, held, c)
		if err != nil {
			return err
		}
		if !void {
			return store.ErrExists
		}
		if err := s.at(stepVoid); err != nil {
			return err
		}
		err = s.takeOver(ctx, held, c)
		if !errors.Is(err, store.ErrStale) {
			return err
		}
	}
	return unavailable("claim a name", errors.New("too many others do"))
}

// void reports whether the claim held is in c's way no longer.
func (s *Store) void(ctx context.Context, held, c claim) (bool, error) {
	if held.UID == c.UID && c.Rev > 1 {
		return true, nil // of an earlier revision, and the one before c does not list it: a left-over
	}
	if c.At.Sub(held.At) <= store.ClaimTimeout {
		return false, nil
	}
	listed, err := s.lists(ctx, held)
	return !listed, err
}

// lists reports whether the user that the claim names lists its name.
func (s *Store) lists(ctx context.Context, held claim) (bool, error) {
	u, err := s.User(ctx, held.UID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return slices.Contains(claimIDs(u.Identifiers), held.ID), err
}

// takeOver replaces held by c, if it is still as it was read.
func (s *Store) takeOver(ctx context.Context, held, c claim) error {
	return s.updateAs(ctx, c.Call, colIdentifiers, c.ID,
		bson.M{"call": held.Call, "confirmed": held.Confirmed, "at": held.At},
		change{set: bson.M{"uid": c.UID, "rev": c.Rev, "at": c.At, "confirmed": false}})
}

// confirmAll makes the claims final. ErrStale when one is not the user's any more.
func (s *Store) confirmAll(ctx context.Context, ids []string, uid string) error {
	for _, id := range ids {
		if err := s.confirm(ctx, id, uid); err != nil {
			return err
		}
	}
	return s.at(stepConfirmed)
}

func (s *Store) confirm(ctx context.Context, id, uid string) error {
	mine := bson.M{"_id": id, "uid": uid}
	return s.attempt(ctx, colIdentifiers, bson.M{"_id": id, "uid": uid, "confirmed": true}, func(ctx context.Context) error {
		r, err := s.coll(colIdentifiers).UpdateOne(ctx, mine, bson.M{"$set": bson.M{"confirmed": true}})
		if err == nil && r.MatchedCount == 0 {
			return store.ErrStale
		}
		return err
	})
}

// secure confirms the claims of a user that lists them already. A claim that has gone is made
// again, which fails only if somebody else has the name by now: ErrExists.
func (s *Store) secure(ctx context.Context, ids []string, c claim) error {
	err := s.confirmAll(ctx, ids, c.UID)
	if !errors.Is(err, store.ErrStale) {
		return err
	}
	if err := s.claimAll(ctx, ids, c); err != nil {
		return err
	}
	err = s.confirmAll(ctx, ids, c.UID)
	if errors.Is(err, store.ErrStale) {
		return store.ErrExists
	}
	return err
}

// loosen marks the claims that the user is about to drop, so that a sweep looks at them.
func (s *Store) loosen(ctx context.Context, ids []string, c claim) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.coll(colIdentifiers).UpdateMany(ctx, dropped(ids, c), bson.M{"$set": bson.M{"confirmed": false, "at": c.At}})
	if err != nil {
		return unavailable("unconfirm names", err)
	}
	return nil
}

// release removes the claims of names that the user has dropped. When it fails the names are
// free a minute later; the change itself has happened.
func (s *Store) release(ctx context.Context, ids []string, c claim) {
	s.unclaim(ctx, ids, dropped(ids, c))
}

// abandon removes claims that this call has made and that came to nothing because of why. When
// the database is away there is no use in trying: they are void in a minute.
func (s *Store) abandon(ctx context.Context, ids []string, c claim, why error) {
	if errors.Is(why, store.ErrUnavailable) && !errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	s.unclaim(ctx, ids, bson.M{"_id": bson.M{"$in": ids}, "call": c.Call, "confirmed": false})
}

// yield is abandon for an update that came too late. A name that the winner has made the user's
// keeps its claim, whoever of them wrote it.
func (s *Store) yield(ctx context.Context, ids []string, c claim) {
	if len(ids) == 0 {
		return
	}
	u, err := s.User(ctx, c.UID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return
	}
	unused, _ := difference(ids, claimIDs(u.Identifiers))
	s.abandon(ctx, unused, c, store.ErrStale)
}

func (s *Store) unclaim(ctx context.Context, ids []string, filter bson.M) {
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.within.tidy) // also when the caller has left
	defer cancel()
	if _, err := s.coll(colIdentifiers).DeleteMany(ctx, filter); err != nil {
		s.log.WarnContext(ctx, "names stay taken for a minute", "error", err)
	}
}

// dropped describes the user's claims of names that c's revision does not list.
func dropped(ids []string, c claim) bson.M {
	return bson.M{"_id": bson.M{"$in": ids}, "uid": c.UID, "rev": bson.M{"$lt": c.Rev}}
}

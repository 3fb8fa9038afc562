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

// The steps of a flow between which a process can die.
const (
	stepVoid      = "name found void"
	stepClaimed   = "names claimed"
	stepWritten   = "user written"
	stepConfirmed = "names confirmed"
)

type userRecord struct {
	ID            string `bson:"_id"`
	identity.User `bson:",inline"`
	Search        search    `bson:",inline"`
	Own           own       `bson:",inline"`
	CheckAt       time.Time `bson:"check_at"` // a sweep has to look at it from here on
}

// userFields is what an update sets: everything of the user's own, nothing of a relay's.
type userFields struct {
	identity.User `bson:",inline"`
	Search        search     `bson:",inline"`
	Call          string     `bson:"call"`
	CheckAt       *time.Time `bson:"check_at,omitempty"`
}

// CreateUser implements store.Users.
func (s *Store) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	u.Rev = 1
	now := s.now()
	c := claim{UID: u.ID, Rev: u.Rev, At: now, Call: newCall()}
	names := claimIDs(u.Identifiers)
	if err := s.claimAll(ctx, names, c); err != nil {
		return err
	}
	if err := s.at(stepClaimed); err != nil {
		return err
	}
	err := s.insert(ctx, colUsers, u.ID, c.Call, userRecord{
		ID: u.ID, User: u, Search: searchOf(u), Own: own{Call: c.Call, Pending: also}, CheckAt: now.Add(store.ClaimTimeout),
	})
	if errors.Is(err, store.ErrExists) {
		s.abandon(ctx, names, c, err)
	}
	if err != nil {
		return err // if nobody knows, the claims stand or fall with the user
	}
	if err := s.at(stepWritten); err != nil {
		return err
	}
	err = s.confirmAll(ctx, names, u.ID)
	if errors.Is(err, store.ErrStale) {
		return s.withdraw(ctx, names, c)
	}
	return err
}

// withdraw takes back a new user whose names went to somebody else meanwhile.
func (s *Store) withdraw(ctx context.Context, names []string, c claim) error {
	gone := bson.M{"_id": c.UID, "rev": c.Rev, "call": c.Call}
	if _, err := s.coll(colUsers).DeleteOne(ctx, gone); err != nil {
		return unavailable("take a user back", err)
	}
	if _, err := s.coll(colIdentifiers).DeleteMany(ctx, bson.M{"_id": bson.M{"$in": names}, "call": c.Call}); err != nil {
		return unavailable("release names", err)
	}
	return store.ErrExists
}

// User implements store.Users.
func (s *Store) User(ctx context.Context, id string) (identity.User, error) {
	return find[identity.User](ctx, s, colUsers, bson.M{"_id": id})
}

// UserByIdentifier implements store.Users: the claim names the user and the user lists the name,
// or nobody holds it.
func (s *Store) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	held, err := find[claim](ctx, s, colIdentifiers, bson.M{"_id": claimID(name)})
	if err != nil {
		return identity.User{}, err
	}
	u, err := s.User(ctx, held.UID)
	if err != nil {
		return identity.User{}, err
	}
	if !slices.Contains(u.Identifiers, name) {
		return identity.User{}, store.ErrNotFound
	}
	return u, nil
}

// Users implements store.Users.
func (s *Store) Users(ctx context.Context, after string, limit int) ([]identity.User, error) {
	return list[identity.User](ctx, s, colUsers, bson.M{"_id": bson.M{"$gt": after}}, asc("_id"), limit)
}

// UpdateUser implements store.Users.
func (s *Store) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	old, err := s.User(ctx, u.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && old.Rev != u.Rev {
		return store.ErrStale
	}
	if err != nil {
		return err
	}
	gained, lost := difference(claimIDs(u.Identifiers), claimIDs(old.Identifiers))
	u.Rev++
	c := claim{UID: u.ID, Rev: u.Rev, At: s.now(), Call: newCall()}
	if err := s.claimAll(ctx, gained, c); err != nil {
		return err
	}
	if err := s.loosen(ctx, lost, c); err != nil {
		s.abandon(ctx, gained, c, err)
		return err
	}
	if err := s.at(stepClaimed); err != nil {
		return err
	}
	if err := s.replaceUser(ctx, u, c.Call, change{also: also}); err != nil {
		if errors.Is(err, store.ErrStale) {
			s.yield(ctx, gained, c)
		}
		return err
	}
	if err := s.at(stepWritten); err != nil {
		return err
	}
	if err := s.secure(ctx, gained, c); errors.Is(err, store.ErrExists) {
		return s.revert(ctx, old, gained, c, also)
	} else if err != nil {
		return err
	}
	s.release(ctx, lost, c)
	return nil
}

// replaceUser sets everything of the user's own, if the record is at the revision before u.Rev.
func (s *Store) replaceUser(ctx context.Context, u identity.User, call string, c change) error {
	fields := userFields{User: u, Search: searchOf(u), Call: call}
	if u.Deleted {
		at := never()
		fields.CheckAt = &at
	}
	c.set, c.unset = fields, omitted(u)
	return s.updateAs(ctx, call, colUsers, u.ID, bson.M{"rev": u.Rev - 1}, c)
}

// revert undoes an update whose new names went to somebody else while it stalled.
func (s *Store) revert(ctx context.Context, old identity.User, gained []string, c claim, also []identity.Consequence) error {
	old.Rev = c.Rev + 1
	undo := change{}
	if len(also) > 0 {
		undo.pull = bson.M{"pending": bson.M{"id": bson.M{"$in": consequenceIDs(also)}}}
	}
	err := s.replaceUser(ctx, old, newCall(), undo)
	if err != nil && !errors.Is(err, store.ErrStale) {
		return err
	}
	s.unclaim(ctx, gained, bson.M{"_id": bson.M{"$in": gained}, "call": c.Call})
	return store.ErrExists
}

// RemoveUser implements store.Users. What is still to be done moves to the outbox first.
func (s *Store) RemoveUser(ctx context.Context, id string, rev int64) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	u, err := find[userRecord](ctx, s, colUsers, bson.M{"_id": id})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case u.Rev != rev:
		return store.ErrStale
	}
	names, c := claimIDs(u.Identifiers), claim{UID: id, Rev: rev + 1, At: s.now()}
	if err := s.Record(ctx, u.Own.Pending...); err != nil {
		return err
	}
	if err := s.loosen(ctx, names, c); err != nil {
		return err
	}
	if err := s.at(stepClaimed); err != nil {
		return err
	}
	if _, err := s.deleteUser(ctx, id, rev); err != nil {
		return err
	}
	if err := s.at(stepWritten); err != nil {
		return err
	}
	s.release(ctx, names, c)
	return nil
}

// deleteUser deletes the record at revision rev and reports whether this call did; a record
// that is gone is no error.
func (s *Store) deleteUser(ctx context.Context, id string, rev int64) (bool, error) {
	r, err := s.coll(colUsers).DeleteOne(ctx, bson.M{"_id": id, "rev": rev})
	if err == nil && r.DeletedCount == 1 {
		return true, nil
	}
	switch _, lookErr := s.User(ctx, id); {
	case errors.Is(lookErr, store.ErrNotFound):
		return false, nil
	case err != nil:
		return false, unavailable("remove a user", err)
	case lookErr != nil:
		return false, lookErr
	default:
		return false, store.ErrStale
	}
}

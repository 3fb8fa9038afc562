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

// ReserveUse implements store.Redemptions. A user who has a use already gets no second one.
func (s *Store) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (identity.Invitation, error) {
	open := bson.M{
		"code_hash": codeHash, "revoked_at": never(), "expires_at": bson.M{"$gt": at},
		"left": bson.M{"$gt": 0}, "uses.user_id": bson.M{"$ne": userID},
	}
	return updated[identity.Invitation](ctx, s, colInvitations, id, open, change{
		inc:  bson.M{"left": int64(-1), "reserved": int64(1)},
		push: bson.M{"uses": identity.Use{UserID: userID, At: at}},
		set:  bson.M{},
	})
}

// ConfirmUse implements store.Redemptions.
func (s *Store) ConfirmUse(ctx context.Context, id, userID string) error {
	err := s.update(ctx, colInvitations, id, reservedFor(userID), change{
		set: bson.M{"uses.$.confirmed": true}, inc: bson.M{"reserved": int64(-1)},
	})
	if !errors.Is(err, store.ErrStale) {
		return err
	}
	switch u, err := s.use(ctx, id, userID); {
	case err != nil:
		return err
	case u == nil:
		return store.ErrNotFound
	default:
		return nil // it is confirmed already
	}
}

// FreeUse implements store.Redemptions.
func (s *Store) FreeUse(ctx context.Context, id, userID string) error {
	err := s.update(ctx, colInvitations, id, reservedFor(userID), change{
		pull: bson.M{"uses": bson.M{"user_id": userID, "confirmed": false}},
		inc:  bson.M{"left": int64(1), "reserved": int64(-1)},
		set:  bson.M{},
	})
	if !errors.Is(err, store.ErrStale) {
		return err
	}
	switch u, err := s.use(ctx, id, userID); {
	case errors.Is(err, store.ErrNotFound) || err == nil && u == nil:
		return nil
	case err != nil:
		return err
	default:
		return store.ErrStale
	}
}

// StaleUses implements store.Redemptions.
func (s *Store) StaleUses(ctx context.Context, t time.Time, limit int) ([]identity.Invitation, error) {
	return list[identity.Invitation](ctx, s, colInvitations, bson.M{
		"reserved": bson.M{"$gt": 0},
		"uses":     bson.M{"$elemMatch": bson.M{"confirmed": false, "at": bson.M{"$lt": t}}},
	}, nil, limit)
}

// reservedFor describes an invitation with a use reserved for a user and not confirmed. The
// plain term beside $elemMatch is there because some servers take the position from it only.
func reservedFor(userID string) bson.M {
	return bson.M{
		"uses.user_id": userID,
		"uses":         bson.M{"$elemMatch": bson.M{"user_id": userID, "confirmed": false}},
	}
}

// use returns a user's use of an invitation, nil when there is none.
func (s *Store) use(ctx context.Context, id, userID string) (*identity.Use, error) {
	i, err := s.Invitation(ctx, id)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(i.Uses, func(u identity.Use) bool { return u.UserID == userID })
	if n < 0 {
		return nil, nil
	}
	return &i.Uses[n], nil
}

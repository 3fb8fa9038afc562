package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// signingKeys is the id of the one key set.
const signingKeys = "signing"

type keySetRecord struct {
	ID      string `bson:"_id"`
	Version int64  `bson:"version"`
	Data    []byte `bson:"data"`
	Own     own    `bson:",inline"`
}

// KeySet implements store.KeySets.
func (s *Store) KeySet(ctx context.Context) (store.KeySet, error) {
	r, err := find[keySetRecord](ctx, s, colKeySets, bson.M{"_id": signingKeys})
	return store.KeySet{Version: r.Version, Data: r.Data}, err
}

// SwapKeySet implements store.KeySets. The insert arbitrates over the first set, the version
// over all others.
func (s *Store) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	if from != 0 {
		return s.update(ctx, colKeySets, signingKeys, bson.M{"version": from}, change{
			set: bson.M{"version": from + 1, "data": data}, also: also,
		})
	}
	call := newCall()
	err := s.insert(ctx, colKeySets, signingKeys, call, keySetRecord{
		ID: signingKeys, Version: 1, Data: data, Own: own{Call: call, Pending: also},
	})
	if errors.Is(err, store.ErrExists) {
		return store.ErrStale
	}
	return err
}

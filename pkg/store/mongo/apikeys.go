package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

type apiKeyRecord struct {
	ID              string `bson:"_id"`
	identity.APIKey `bson:",inline"`
	Own             own `bson:",inline"`
}

// CreateAPIKey implements store.APIKeys.
func (s *Store) CreateAPIKey(ctx context.Context, k identity.APIKey, also ...identity.Consequence) error {
	call := newCall()
	return s.insert(ctx, colAPIKeys, k.ID, call, apiKeyRecord{ID: k.ID, APIKey: k, Own: own{Call: call, Pending: also}})
}

// APIKey implements store.APIKeys.
func (s *Store) APIKey(ctx context.Context, id string) (identity.APIKey, error) {
	return find[identity.APIKey](ctx, s, colAPIKeys, bson.M{"_id": id})
}

// APIKeys implements store.APIKeys.
func (s *Store) APIKeys(ctx context.Context) ([]identity.APIKey, error) {
	return list[identity.APIKey](ctx, s, colAPIKeys, bson.M{}, asc("created_at", "_id"), everything)
}

// RevokeAPIKey implements store.APIKeys.
func (s *Store) RevokeAPIKey(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return s.revoke(ctx, colAPIKeys, id, at, also)
}

// TouchAPIKey implements store.APIKeys.
func (s *Store) TouchAPIKey(ctx context.Context, id string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, s.within.method)
	defer cancel()
	_, err := s.coll(colAPIKeys).UpdateOne(ctx, bson.M{"_id": id}, bson.M{"$max": bson.M{"last_used_at": at}})
	if err != nil {
		return unavailable("touch an API key", err)
	}
	return nil
}

package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// The steps of a flow between which a process can die.
const (
	StepVoid      = stepVoid
	StepClaimed   = stepClaimed
	StepWritten   = stepWritten
	StepConfirmed = stepConfirmed
)

// SweepBatch is how many records a step of a sweep looks at.
const SweepBatch = sweepBatch

// OnStep has f called at each step; an error ends the flow there and then. Nil takes it away.
func (s *Store) OnStep(f func(name string) error) { s.step = f }

// DB is the database behind the store.
func (s *Store) DB() *mongo.Database { return s.db }

// SearchKeys returns the ids of a page, and how many are found, when so many are few.
func (s *Store) SearchKeys(ctx context.Context, q store.UserQuery, few int) (ids []string, total int64, err error) {
	keys, total, err := s.searchKeys(ctx, q, few)
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids, total, err
}

package mongo

import "go.mongodb.org/mongo-driver/v2/mongo"

// The steps of a flow between which a process can die.
const (
	StepVoid      = stepVoid
	StepClaimed   = stepClaimed
	StepWritten   = stepWritten
	StepConfirmed = stepConfirmed
)

// OnStep has f called at each step; an error ends the flow there and then. Nil takes it away.
func (s *Store) OnStep(f func(name string) error) { s.step = f }

// DB is the database behind the store.
func (s *Store) DB() *mongo.Database { return s.db }

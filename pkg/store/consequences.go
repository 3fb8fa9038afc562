package store

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// Due is a consequence that a relay has claimed. Holder is the store's own note of the
// record that carries it; it means nothing to the caller.
type Due struct {
	identity.Consequence
	Holder string
}

// Consequences hands out what follows from changes that have been written.
type Consequences interface {
	// Record stores consequences that follow from no other write. An id that it has recorded
	// already stays as it is, which is no error: a caller may record again after an unknown
	// outcome.
	Record(ctx context.Context, also ...identity.Consequence) error
	// ClaimDue claims up to limit consequences that are due at now: each comes back with
	// Attempts raised by one and is not due again before now+lease. Of concurrent callers
	// each consequence is claimed by one; a caller without rivals gets none only when none is
	// due. A claim does not move the revision of a user. Earlier ones come first, as far as
	// the store can tell without ordering all of them.
	ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]Due, error)
	// Settle removes consequences that have been carried out. One that is gone is no error.
	Settle(ctx context.Context, due ...Due) error
	// Postpone makes a consequence due at t again, whether its lease is over then or not. One
	// that is gone stays gone and is no error.
	Postpone(ctx context.Context, due Due, t time.Time) error
}

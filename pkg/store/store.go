package store

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// Errors of the contract. Compare with errors.Is.
var (
	// ErrNotFound says that there is no such record.
	ErrNotFound = errors.New("store: not found")
	// ErrExists says that the id or a unique name is taken.
	ErrExists = errors.New("store: exists")
	// ErrStale says that the record is not, or no longer, in the state the write asked for;
	// nothing was written. Read it again to learn why.
	ErrStale = errors.New("store: stale")
	// ErrUnavailable says that the store did not answer, or not whether it wrote.
	ErrUnavailable = fault.New(fault.Unavailable, "store_unavailable", "the service is temporarily unavailable; try again").After(2 * time.Second)
)

// Store is everything the services need kept.
type Store interface {
	Users
	Sessions
	Invitations
	Redemptions
	APIKeys
	KeySets
	Counters
	Consequences
	AuditLog
	Blobs
	Upkeep
}

// Upkeep is what keeps a store in good order.
type Upkeep interface {
	// Ping returns nil when the store answers and can write.
	Ping(ctx context.Context) error
	// Sweep removes what is no longer needed at now and has no consequence outstanding:
	// sessions that ended or expired more than RetainSessions ago, invitations of the form CodeUUID
	// with uses left that expired more than RetainInvitations ago, counters whose window is
	// over, tombstones, and (where the store has such things) claims on names that no user
	// lists and that are older than a minute. It works in small steps and may stop early;
	// calling it again goes on. It returns how many records it removed, 0 when there was
	// nothing left to remove. All other records stay.
	Sweep(ctx context.Context, now time.Time) (int64, error)
	// Describe names the store for a person: kind, version and place, without credentials.
	Describe(ctx context.Context) (string, error)
	// Close releases the store. No other method may be called afterwards.
	Close() error
}

// RetainSessions is how long a dead session is kept, so that a replay of its refresh token
// is still recognised and its end still explained.
const RetainSessions = 24 * time.Hour

// RetainInvitations is how long an invitation is kept that went by mail and was not taken up:
// anybody may have asked for it, and its address is somebody's.
const RetainInvitations = 30 * 24 * time.Hour

// ClaimTimeout is how long a half-made record may stand in another's way: a claim on a name
// or a reserved use whose user never came is void after it.
const ClaimTimeout = time.Minute

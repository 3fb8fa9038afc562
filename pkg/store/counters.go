package store

import (
	"context"
	"time"
)

// Counter names something that is counted in windows of fixed length. A window begins with
// the first hit after the one before has ended; at ResetsAt it has ended. A hit from a clock
// that is behind counts in the window that stands.
type Counter struct {
	Key    string // at most 200 bytes; carries no personal data in the clear
	Window time.Duration
}

// Count is where a counter stands.
type Count struct {
	N        int64 // hits in the current window
	ResetsAt time.Time
}

// Counters keeps the counts behind durable rate limits.
type Counters interface {
	// Hit adds one to each counter and returns where they then stand, in the same order.
	// Each counter moves atomically: of n concurrent hits each sees another N, whatever the
	// order in which they name their counters.
	Hit(ctx context.Context, now time.Time, c ...Counter) ([]Count, error)
	// Peek returns where a counter stands without moving it; N is 0 when it has no window.
	Peek(ctx context.Context, now time.Time, c Counter) (Count, error)
	// Forget ends the counters' windows. One that has none is no error.
	Forget(ctx context.Context, keys ...string) error
}

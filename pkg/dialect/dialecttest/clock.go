package dialecttest

import (
	"sync"
	"time"
)

// Clock is a clock that moves only when told to, unless it runs. It is safe for concurrent use.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	began time.Time // when it began to run; zero if it stands still
}

// NewClock returns a clock that stands at the present.
func NewClock() *Clock { return &Clock{now: time.Now().UTC().Truncate(time.Millisecond)} }

// NewRunningClock returns a clock that runs from the present on, for clients whose own clock
// cannot be moved.
func NewRunningClock() *Clock {
	c := NewClock()
	c.began = time.Now()
	return c
}

// Now returns where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		return c.now
	}
	return c.now.Add(time.Since(c.began)).Truncate(time.Millisecond)
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

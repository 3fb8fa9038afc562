package smtp

import (
	"errors"
	"sync"
	"time"
)

const (
	firstRest = 5 * time.Second
	lastRest  = time.Minute
)

// rest remembers that a server was out of reach. The zero value has seen nothing.
type rest struct {
	mu    sync.Mutex
	until time.Time
	next  time.Duration // how long the server rests after the next failure
}

// over reports whether the server may be asked.
func (r *rest) over(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !now.Before(r.until)
}

// note takes down how a conversation ended. A reply is a good end, whatever it says.
func (r *rest) note(err error, now func() time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !errors.As(err, new(lost)) {
		r.until, r.next = time.Time{}, 0
		return
	}
	pause := max(r.next, firstRest)
	r.until, r.next = now().Add(pause), min(2*pause, lastRest)
}

package limit

import (
	"sync"
	"time"
)

const (
	// maxSpent bounds the memory of a guard to about 15 MB. What does not fit costs a write.
	maxSpent = 1 << 16
	// confirmEvery is how long a node believes that a counter is still used up although
	// another node may have forgotten it.
	confirmEvery = 5 * time.Second
	sweepEvery   = time.Minute
)

// spent remembers which counters are used up, and until when. The zero value is empty.
type spent struct {
	mu    sync.Mutex
	m     map[string]exhaustion
	swept time.Time
}

type exhaustion struct {
	until     time.Time
	confirmed time.Time
}

// find returns until when a counter is used up, zero when it is not known to be, and
// whether the caller should confirm it: one caller is asked each time it is due.
func (s *spent) find(key string, now time.Time) (until time.Time, confirm bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.m[key]
	if !ok || !now.Before(e.until) {
		return time.Time{}, false
	}
	if now.Sub(e.confirmed) < confirmEvery {
		return e.until, false
	}
	e.confirmed = now
	s.m[key] = e
	return e.until, true
}

func (s *spent) add(key string, until, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = make(map[string]exhaustion)
	}
	if now.Sub(s.swept) >= sweepEvery {
		s.sweep(now)
	}
	if _, known := s.m[key]; !known && len(s.m) >= maxSpent {
		for other := range s.m { // any one of them: map order is random
			delete(s.m, other)
			break
		}
	}
	s.m[key] = exhaustion{until: until, confirmed: now}
}

func (s *spent) sweep(now time.Time) {
	s.swept = now
	for key, e := range s.m {
		if !now.Before(e.until) {
			delete(s.m, key)
		}
	}
}

func (s *spent) drop(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		delete(s.m, key)
	}
}

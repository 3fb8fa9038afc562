package limit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a time that moves only when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: start} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// counters is store.Counters in memory; it counts the calls and can be made to fail.
type counters struct {
	mu                  sync.Mutex
	counts              map[string]store.Count
	hits, peeks, moved  int
	fail                error
	noReset             bool // Hit says nothing of when the windows end
	forgetKeys, hitKeys []string
}

func newCounters() *counters { return &counters{counts: map[string]store.Count{}} }

func (s *counters) Hit(_ context.Context, now time.Time, cs ...store.Counter) ([]store.Count, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits++
	if s.fail != nil {
		return nil, s.fail
	}
	out := make([]store.Count, len(cs))
	for i, c := range cs {
		s.moved++
		s.hitKeys = append(s.hitKeys, c.Key)
		n := s.counts[c.Key]
		if !now.Before(n.ResetsAt) {
			n = store.Count{ResetsAt: now.Add(c.Window)}
		}
		n.N++
		s.counts[c.Key], out[i] = n, n
		if s.noReset {
			out[i].ResetsAt = time.Time{}
		}
	}
	return out, nil
}

func (s *counters) Peek(_ context.Context, now time.Time, c store.Counter) (store.Count, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peeks++
	if s.fail != nil {
		return store.Count{}, s.fail
	}
	if n := s.counts[c.Key]; now.Before(n.ResetsAt) {
		return n, nil
	}
	return store.Count{}, nil
}

func (s *counters) Forget(_ context.Context, keys ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetKeys = append(s.forgetKeys, keys...)
	if s.fail != nil {
		return s.fail
	}
	for _, key := range keys {
		delete(s.counts, key)
	}
	return nil
}

func (s *counters) calls() (hits, peeks, moved int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits, s.peeks, s.moved
}

func newGuard(t *testing.T) (*limit.Guard, *counters, *clock) {
	t.Helper()
	s, c := newCounters(), newClock()
	return &limit.Guard{Store: s, Now: c.Now, Key: []byte("a key of this test")}, s, c
}

func hit(name string, n int64, window time.Duration, subject string) limit.Hit {
	return limit.Hit{Policy: limit.Policy{Name: name, Limit: n, Window: window}, Subject: subject}
}

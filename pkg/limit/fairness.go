package limit

import (
	"container/list"
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	shards = 64
	// perShard bounds the memory of a Fairness to 131072 windows, about 25 MB.
	perShard = 2048
)

// Fairness keeps budgets in the memory of one node. It is safe for concurrent use, needs no
// upkeep and forgets the oldest windows when there are too many. Subjects are kept as
// 64-bit keyed hashes: two of them share a budget by chance about once in 10^9 full tables.
type Fairness struct {
	Now func() time.Time
	Off bool // counts nothing and allows everything; for tests and benchmarks

	once   sync.Once
	seed   maphash.Seed // unknown to callers, who could otherwise aim at somebody's budget
	shards [shards]shard
}

// shard holds some of the windows, in order of age.
type shard struct {
	mu    sync.Mutex
	byKey map[uint64]*list.Element
	byAge list.List // of *window, oldest first
}

type window struct {
	key      uint64
	n        int64
	resetsAt time.Time
}

// Take counts one attempt and returns ErrRateLimited when the budget is used up. The state
// goes into the context's report.
func (f *Fairness) Take(ctx context.Context, p Policy, subject string) error {
	if f.Off {
		return nil
	}
	key, now := f.key(p.Name, subject), f.Now()
	n, resetsAt := f.shards[key%shards].hit(key, p, now)
	report(ctx, p.state(n, resetsAt))
	if n > p.Limit {
		return refusal(now, resetsAt)
	}
	return nil
}

func (f *Fairness) key(name, subject string) uint64 {
	f.once.Do(func() { f.seed = maphash.MakeSeed() })
	var h maphash.Hash
	h.SetSeed(f.seed)
	_, _ = h.WriteString(name) // never fails
	_ = h.WriteByte(0)         // never fails
	_, _ = h.WriteString(subject)
	return h.Sum64()
}

// hit returns how often the subject came in the current window, this time included.
func (s *shard) hit(key uint64, p Policy, now time.Time) (int64, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byKey[key]
	if !ok {
		e = s.open(key, now)
	}
	w := e.Value.(*window)
	if !now.Before(w.resetsAt) {
		w.n, w.resetsAt = 0, now.Add(p.Window)
		s.byAge.MoveToBack(e)
	}
	w.n++
	return w.n, w.resetsAt
}

// open makes room for one window and adds it. Each new window clears away up to two that
// are over, so a shard shrinks when a rush has passed.
func (s *shard) open(key uint64, now time.Time) *list.Element {
	if s.byKey == nil {
		s.byKey = make(map[uint64]*list.Element)
	}
	for range 2 {
		if oldest := s.byAge.Front(); oldest != nil && !now.Before(oldest.Value.(*window).resetsAt) {
			s.remove(oldest)
		}
	}
	if s.byAge.Len() >= perShard {
		s.remove(s.byAge.Front())
	}
	e := s.byAge.PushBack(&window{key: key})
	s.byKey[key] = e
	return e
}

func (s *shard) remove(e *list.Element) {
	delete(s.byKey, e.Value.(*window).key)
	s.byAge.Remove(e)
}

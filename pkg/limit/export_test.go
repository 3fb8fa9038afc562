package limit

import "time"

// MaxSpent and MaxWindows are the bounds that the tests fill up.
const (
	MaxSpent   = maxSpent
	MaxWindows = shards * perShard
)

// Remember makes the guard know that a counter is used up.
func (g *Guard) Remember(key string, until, now time.Time) { g.spent.add(key, until, now) }

// Remembered returns how many used-up counters the guard knows.
func (g *Guard) Remembered() int {
	g.spent.mu.Lock()
	defer g.spent.mu.Unlock()
	return len(g.spent.m)
}

// Windows returns how many windows are kept, and by how many keys they are found.
func (f *Fairness) Windows() (kept, found int) {
	for i := range f.shards {
		s := &f.shards[i]
		s.mu.Lock()
		kept += s.byAge.Len()
		found += len(s.byKey)
		s.mu.Unlock()
	}
	return kept, found
}

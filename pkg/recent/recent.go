// Package recent remembers a bounded number of values that can be had again at a cost. It
// forgets the longest unused ones and never anything by time: whoever uses it chooses keys
// under which a value cannot go out of date.
package recent

import "sync"

// Map remembers between Size and twice Size values. Set Size before the first use; it is
// safe for concurrent use.
type Map[K comparable, V any] struct {
	Size int // at least 1

	mu         sync.RWMutex
	young, old map[K]V
}

// Find returns the value that Add was last given for the key, unless it has been forgotten.
func (m *Map[K, V]) Find(key K) (V, bool) {
	m.mu.RLock()
	v, ok := m.young[key]
	if ok {
		m.mu.RUnlock()
		return v, true
	}
	v, ok = m.old[key]
	m.mu.RUnlock()
	if ok {
		m.Add(key, v) // still in use: it belongs to the young
	}
	return v, ok
}

// Add remembers a value. When Size values are young, those that were not used since they were
// old are forgotten.
func (m *Map[K, V]) Add(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= max(1, m.Size) {
		m.old, m.young = m.young, make(map[K]V)
	}
	m.young[key] = v
}

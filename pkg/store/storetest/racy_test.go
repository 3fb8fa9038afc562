package storetest_test

import (
	"maps"
	"os"
	"reflect"
	"sync"
	"time"
)

// patience is how long a rendezvous waits for somebody else to come.
func patience() time.Duration {
	d, err := time.ParseDuration(os.Getenv(patienceEnv))
	if err != nil {
		return 50 * time.Millisecond
	}
	return d
}

// rendezvous is where the callers of a broken store wait for each other between two steps, so
// that they race whatever the scheduler does.
type rendezvous struct {
	mu      sync.Mutex
	waiting chan struct{} // closed when another one comes; nil when nobody waits
}

// meet returns when another caller has come, or when none has for as long as patience.
func (r *rendezvous) meet() {
	r.mu.Lock()
	c := r.waiting
	if c != nil {
		close(c)
		r.waiting = nil
		r.mu.Unlock()
		return
	}
	c = make(chan struct{})
	r.waiting = c
	r.mu.Unlock()
	select {
	case <-c:
	case <-time.After(patience()):
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.waiting == c {
			r.waiting = nil
		}
	}
}

// signal is a channel that is closed once.
type signal struct {
	c    chan struct{}
	once sync.Once
}

func newSignal() *signal { return &signal{c: make(chan struct{})} }

func (s *signal) give() { s.once.Do(func() { close(s.c) }) }

// racy makes one step into two: f runs on a copy of the store as it is now, and when another
// caller has come as far, the records that f changed there replace those in the store, whatever
// has become of them.
func racy(m *memory, f func(copy *memory) error) error {
	before := m.snapshot()
	after := before.snapshot()
	if err := f(after); err != nil {
		return err
	}
	m.between.meet()
	m.mu.Lock()
	defer m.mu.Unlock()
	merge(m.users, before.users, after.users)
	merge(m.names, before.names, after.names)
	merge(m.sessions, before.sessions, after.sessions)
	merge(m.invitations, before.invitations, after.invitations)
	merge(m.keys, before.keys, after.keys)
	merge(m.counts, before.counts, after.counts)
	merge(m.pending, before.pending, after.pending)
	merge(m.blobs, before.blobs, after.blobs)
	if after.set.Version != before.set.Version {
		m.set = after.set
	}
	m.log = append(m.log, after.log[len(before.log):]...)
	return nil
}

func (m *memory) snapshot() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{
		users:       maps.Clone(m.users),
		names:       maps.Clone(m.names),
		sessions:    maps.Clone(m.sessions),
		invitations: maps.Clone(m.invitations),
		keys:        maps.Clone(m.keys),
		set:         m.set,
		counts:      maps.Clone(m.counts),
		pending:     maps.Clone(m.pending),
		blobs:       maps.Clone(m.blobs),
		log:         m.log[:len(m.log):len(m.log)],
	}
}

// merge does to m what was done to before to make it after.
func merge[K comparable, V any](m, before, after map[K]V) {
	for k, v := range after {
		if old, ok := before[k]; !ok || !reflect.DeepEqual(old, v) {
			m[k] = v
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			delete(m, k)
		}
	}
}

package apikey

import (
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const (
	maxKnown  = 10_000
	maxAbsent = 1024
	// strangersPerSecond bounds how often the store is asked for ids that this node has
	// never seen. Ids are random, so without it anybody could have the store searched for
	// as many as they can send.
	strangersPerSecond = 50
	strangersAtOnce    = 100
)

// cache holds what was read of the store. Made-up ids and existing keys are kept apart, so
// that a flood of the former cannot push out the latter. The zero value is empty; the
// service's mutex guards it.
type cache struct {
	known  map[string]entry     // by id
	absent map[string]time.Time // ids there is no key for, and when that was read
	reads  map[string]*read     // under way
}

type entry struct {
	key    identity.APIKey
	readAt time.Time // when the read began; zero: only known to exist
}

// read is one question to the store that any number of requests wait for. Its result may be
// looked at when done is closed.
type read struct {
	begun time.Time
	done  chan struct{}
	key   identity.APIKey
	err   error
}

// fresh returns what is known of an id when that is young enough; the zero key when there is
// none.
func (c *cache) fresh(id string, now time.Time, maxAge time.Duration) (identity.APIKey, bool) {
	if e, ok := c.known[id]; ok {
		return e.key, young(e.readAt, now, maxAge)
	}
	at, ok := c.absent[id]
	return identity.APIKey{}, ok && young(at, now, maxAge)
}

// young is false for a time in the future: when the clock was set back an entry's age is
// not known.
func young(at, now time.Time, maxAge time.Duration) bool {
	age := now.Sub(at)
	return age >= 0 && age < maxAge
}

func (c *cache) knows(id string) bool {
	_, ok := c.known[id]
	return ok
}

func (c *cache) begin(id string, now time.Time) *read {
	if c.reads == nil {
		c.reads = make(map[string]*read)
	}
	r := &read{begun: now, done: make(chan struct{})}
	c.reads[id] = r
	return r
}

// end keeps the result of a read, unless the id was forgotten since it began.
func (c *cache) end(id string, r *read) {
	if c.reads[id] != r {
		return
	}
	delete(c.reads, id)
	switch {
	case r.err != nil: // what was known stays known, and gets no younger
	case r.key.ID == "":
		delete(c.known, id)
		c.absent = put(c.absent, id, r.begun, maxAbsent)
	default:
		delete(c.absent, id)
		c.known = put(c.known, id, entry{key: r.key, readAt: r.begun}, maxKnown)
	}
}

// meet makes ids known to exist, so that their first use is not taken for a stranger's.
func (c *cache) meet(keys []identity.APIKey) {
	for _, k := range keys {
		if !c.knows(k.ID) {
			c.known = put(c.known, k.ID, entry{}, maxKnown)
		}
	}
}

// forget makes the next use of an id ask the store, even when a read is under way: that one
// may have begun before what the caller did.
func (c *cache) forget(id string) {
	delete(c.reads, id)
	delete(c.absent, id)
	if c.knows(id) {
		c.known[id] = entry{}
	}
}

// put adds to a map of at most limit entries. When it is full any other one goes: losing an
// entry costs one read.
func put[V any](m map[string]V, id string, v V, limit int) map[string]V {
	if m == nil {
		m = make(map[string]V)
	}
	if _, ok := m[id]; !ok && len(m) >= limit {
		for other := range m {
			delete(m, other)
			break
		}
	}
	m[id] = v
	return m
}

// budget is a token bucket that starts full.
type budget struct {
	left float64
	at   time.Time
}

func (b *budget) take(now time.Time) bool {
	if b.at.IsZero() {
		b.left = strangersAtOnce
	}
	if passed := now.Sub(b.at); !b.at.IsZero() && passed > 0 {
		b.left = min(strangersAtOnce, b.left+passed.Seconds()*strangersPerSecond)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

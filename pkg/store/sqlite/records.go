package sqlite

import (
	"slices"
	"sync"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// perGeneration bounds how many decoded users are remembered: twice as many, a few MB.
const perGeneration = 2048

// records remembers decoded users by id and revision. A revision never has two contents, so
// that what is remembered is never out of date: whoever asks has just read the revision. It
// is safe for concurrent use.
type records struct {
	mu         sync.RWMutex
	young, old map[revision]identity.User
}

type revision struct {
	id  string
	rev int64
}

// find returns a copy that its caller may change.
func (r *records) find(id string, rev int64) (identity.User, bool) {
	r.mu.RLock()
	u, ok := r.young[revision{id, rev}]
	if !ok {
		u, ok = r.old[revision{id, rev}]
	}
	r.mu.RUnlock()
	return own(u), ok
}

// add remembers a user; when there are too many, the longest unused are forgotten.
func (r *records) add(u identity.User) {
	u = own(u)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.young == nil || len(r.young) >= perGeneration {
		r.old, r.young = r.young, make(map[revision]identity.User)
	}
	r.young[revision{u.ID, u.Rev}] = u
}

// own returns u with slices that nobody else holds.
func own(u identity.User) identity.User {
	u.Identifiers, u.Claims = slices.Clone(u.Identifiers), slices.Clone(u.Claims)
	return u
}

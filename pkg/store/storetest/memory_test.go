package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// memory is a store in maps behind one lock. It is here to prove the suite, which has to pass
// on it and to fail on each of its broken variants; it is no adapter.
type memory struct {
	mu          sync.Mutex
	users       map[string]identity.User
	names       map[identity.Identifier]string // who holds it
	sessions    map[string]identity.Session
	invitations map[string]identity.Invitation
	keys        map[string]identity.APIKey
	set         store.KeySet
	counts      map[string]store.Count
	pending     map[string]store.Due // by id of the consequence
	log         []identity.AuditEntry
	blobs       map[string]store.Blob
	between     rendezvous // of the broken variants
}

func newMemory() *memory {
	return &memory{
		users:       map[string]identity.User{},
		names:       map[identity.Identifier]string{},
		sessions:    map[string]identity.Session{},
		invitations: map[string]identity.Invitation{},
		keys:        map[string]identity.APIKey{},
		counts:      map[string]store.Count{},
		pending:     map[string]store.Due{},
		blobs:       map[string]store.Blob{},
	}
}

// step runs f as one atomic step.
func (m *memory) step(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return store.ErrUnavailable.With(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return f()
}

// clone returns a deep copy.
func clone[T any](v T) T {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var c T
	if err := json.Unmarshal(raw, &c); err != nil {
		panic(err)
	}
	return c
}

// get returns a copy of the record with this id.
func get[T any](ctx context.Context, m *memory, records map[string]T, id string) (v T, err error) {
	err = m.step(ctx, func() error {
		r, ok := records[id]
		if !ok {
			return store.ErrNotFound
		}
		v = clone(r)
		return nil
	})
	return v, err
}

// add stores a new record.
func add[T any](ctx context.Context, m *memory, records map[string]T, id string, v T, also []identity.Consequence) error {
	return m.step(ctx, func() error {
		if _, ok := records[id]; ok {
			return store.ErrExists
		}
		records[id] = clone(v)
		m.record(id, also)
		return nil
	})
}

// change replaces a record by what f makes of it, unless f fails.
func change[T any](ctx context.Context, m *memory, records map[string]T, id string, f func(v *T) error) error {
	return m.step(ctx, func() error {
		v, ok := records[id]
		if !ok {
			return store.ErrNotFound
		}
		v = clone(v)
		err := f(&v)
		if err == nil {
			records[id] = clone(v)
		}
		return err
	})
}

// list returns copies of the records that keep wants, in the order of compare.
func list[T any](ctx context.Context, m *memory, records map[string]T, limit int, keep func(T) bool, compare func(a, b T) int) (l []T, err error) {
	err = m.step(ctx, func() error {
		for _, v := range records {
			if keep(v) {
				l = append(l, clone(v))
			}
		}
		slices.SortFunc(l, compare)
		l = l[:min(limit, len(l))]
		return nil
	})
	return l, err
}

func (m *memory) record(holder string, also []identity.Consequence) {
	for _, c := range also {
		if _, ok := m.pending[c.ID]; !ok {
			m.pending[c.ID] = store.Due{Consequence: clone(c), Holder: holder}
		}
	}
}

// claimNames makes u the holder of its names and frees the others it held.
func (m *memory) claimNames(u identity.User) error {
	for _, name := range u.Identifiers {
		if holder, ok := m.names[name]; ok && holder != u.ID {
			return store.ErrExists
		}
	}
	maps.DeleteFunc(m.names, func(_ identity.Identifier, holder string) bool { return holder == u.ID })
	for _, name := range u.Identifiers {
		m.names[name] = u.ID
	}
	return nil
}

func (m *memory) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return m.step(ctx, func() error {
		if _, ok := m.users[u.ID]; ok {
			return store.ErrExists
		}
		if err := m.claimNames(u); err != nil {
			return err
		}
		u.Rev = 1
		m.users[u.ID] = clone(u)
		m.record(u.ID, also)
		return nil
	})
}

func (m *memory) User(ctx context.Context, id string) (identity.User, error) {
	return get(ctx, m, m.users, id)
}

func (m *memory) UserByIdentifier(ctx context.Context, name identity.Identifier) (u identity.User, err error) {
	err = m.step(ctx, func() error {
		id, ok := m.names[name]
		if !ok {
			return store.ErrNotFound
		}
		u = clone(m.users[id])
		return nil
	})
	return u, err
}

func (m *memory) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return m.step(ctx, func() error {
		if old, ok := m.users[u.ID]; !ok || old.Rev != u.Rev {
			return store.ErrStale
		}
		if err := m.claimNames(u); err != nil {
			return err
		}
		u.Rev++
		m.users[u.ID] = clone(u)
		m.record(u.ID, also)
		return nil
	})
}

func (m *memory) RemoveUser(ctx context.Context, id string, rev int64) error {
	return m.step(ctx, func() error {
		u, ok := m.users[id]
		if ok && u.Rev != rev {
			return store.ErrStale
		}
		delete(m.users, id)
		return m.claimNames(identity.User{ID: id})
	})
}

func (m *memory) Users(ctx context.Context, after string, limit int) ([]identity.User, error) {
	return list(ctx, m, m.users, limit,
		func(u identity.User) bool { return u.ID > after },
		func(a, b identity.User) int { return strings.Compare(a.ID, b.ID) })
}

func (m *memory) StartSession(ctx context.Context, s identity.Session, also ...identity.Consequence) error {
	return add(ctx, m, m.sessions, s.ID, s, also)
}

func (m *memory) Session(ctx context.Context, id string) (identity.Session, error) {
	return get(ctx, m, m.sessions, id)
}

func (m *memory) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	s, err := m.Session(ctx, id)
	if err != nil {
		return s, identity.User{}, err
	}
	u, err := m.User(ctx, s.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return s, identity.User{}, nil
	}
	return s, u, err
}

func live(s identity.Session, now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.IdleUntil) && now.Before(s.MaxUntil)
}

func (m *memory) RotateSession(ctx context.Context, r store.Rotation) error {
	return m.step(ctx, func() error {
		s, ok := m.sessions[r.SessionID]
		if !ok || s.Counter != r.From || !live(s, r.At) {
			return store.ErrStale
		}
		m.sessions[s.ID] = rotated(s, r)
		return nil
	})
}

func rotated(s identity.Session, r store.Rotation) identity.Session {
	s.Counter, s.RotatedAt, s.LastUsedAt, s.RotatedBy, s.IdleUntil = r.From+1, r.At, r.At, r.By, r.IdleUntil
	return s
}

func (m *memory) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	return change(ctx, m, m.sessions, id, func(s *identity.Session) error {
		if !s.EndedAt.IsZero() {
			return store.ErrStale
		}
		s.EndedAt, s.EndReason = at, why
		m.record(id, also)
		return nil
	})
}

func (m *memory) EndUserSessions(ctx context.Context, userID string, epoch int64, keep string, at time.Time, why identity.EndReason) (n int64, err error) {
	err = m.step(ctx, func() error {
		for id, s := range m.sessions {
			if s.UserID == userID && s.Epoch < epoch && s.ID != keep && s.EndedAt.IsZero() {
				s.EndedAt, s.EndReason = at, why
				m.sessions[id] = s
				n++
			}
		}
		return nil
	})
	return n, err
}

func (m *memory) UserSessions(ctx context.Context, userID string, now time.Time) ([]identity.Session, error) {
	return list(ctx, m, m.sessions, 200,
		func(s identity.Session) bool { return s.UserID == userID && live(s, now) },
		func(a, b identity.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
}

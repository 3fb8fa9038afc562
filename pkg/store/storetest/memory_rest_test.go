package storetest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func (m *memory) CreateAPIKey(ctx context.Context, k identity.APIKey, also ...identity.Consequence) error {
	return add(ctx, m, m.keys, k.ID, k, also)
}

func (m *memory) APIKey(ctx context.Context, id string) (identity.APIKey, error) {
	return get(ctx, m, m.keys, id)
}

func (m *memory) APIKeys(ctx context.Context) ([]identity.APIKey, error) {
	return list(ctx, m, m.keys, len(m.keys),
		func(identity.APIKey) bool { return true },
		func(a, b identity.APIKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
}

func (m *memory) RevokeAPIKey(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return change(ctx, m, m.keys, id, func(k *identity.APIKey) error {
		if !k.RevokedAt.IsZero() {
			return store.ErrStale
		}
		k.RevokedAt = at
		m.record(id, also)
		return nil
	})
}

func (m *memory) TouchAPIKey(ctx context.Context, id string, at time.Time) error {
	err := change(ctx, m, m.keys, id, func(k *identity.APIKey) error {
		if at.After(k.LastUsedAt) {
			k.LastUsedAt = at
		}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func (m *memory) KeySet(ctx context.Context) (set store.KeySet, err error) {
	err = m.step(ctx, func() error {
		if m.set.Version == 0 {
			return store.ErrNotFound
		}
		set = clone(m.set)
		return nil
	})
	return set, err
}

func (m *memory) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	return m.step(ctx, func() error {
		if m.set.Version != from {
			return store.ErrStale
		}
		m.set = clone(store.KeySet{Version: from + 1, Data: data})
		m.record("key set", also)
		return nil
	})
}

func (m *memory) Hit(ctx context.Context, now time.Time, counters ...store.Counter) (got []store.Count, err error) {
	err = m.step(ctx, func() error {
		for _, c := range counters {
			count := m.counts[c.Key]
			if !now.Before(count.ResetsAt) {
				count = store.Count{ResetsAt: now.Add(c.Window)}
			}
			count.N++
			m.counts[c.Key] = count
			got = append(got, count)
		}
		return nil
	})
	return got, err
}

func (m *memory) Peek(ctx context.Context, now time.Time, c store.Counter) (count store.Count, err error) {
	err = m.step(ctx, func() error {
		if stored := m.counts[c.Key]; now.Before(stored.ResetsAt) {
			count = stored
		}
		return nil
	})
	return count, err
}

func (m *memory) Forget(ctx context.Context, keys ...string) error {
	return m.step(ctx, func() error {
		for _, key := range keys {
			delete(m.counts, key)
		}
		return nil
	})
}

func (m *memory) Record(ctx context.Context, also ...identity.Consequence) error {
	return m.step(ctx, func() error {
		m.record("", also)
		return nil
	})
}

func (m *memory) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) (due []store.Due, err error) {
	err = m.step(ctx, func() error {
		for id, d := range m.pending {
			if len(due) < limit && !now.Before(d.DueAt) {
				d.Attempts, d.DueAt = d.Attempts+1, now.Add(lease)
				m.pending[id] = d
				due = append(due, clone(d))
			}
		}
		return nil
	})
	return due, err
}

func (m *memory) Settle(ctx context.Context, due ...store.Due) error {
	return m.step(ctx, func() error {
		for _, d := range due {
			delete(m.pending, d.ID)
		}
		return nil
	})
}

func (m *memory) Postpone(ctx context.Context, due store.Due, t time.Time) error {
	return m.step(ctx, func() error {
		if d, ok := m.pending[due.ID]; ok {
			d.DueAt = t
			m.pending[due.ID] = d
		}
		return nil
	})
}

func (m *memory) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	return m.step(ctx, func() error {
		if entries[0].Seq <= int64(len(m.log)) {
			return store.ErrExists
		}
		m.log = append(m.log, clone(entries)...)
		return nil
	})
}

func (m *memory) LastAudit(ctx context.Context) (e identity.AuditEntry, err error) {
	err = m.step(ctx, func() error {
		if len(m.log) == 0 {
			return store.ErrNotFound
		}
		e = clone(m.log[len(m.log)-1])
		return nil
	})
	return e, err
}

func (m *memory) AuditRecorded(ctx context.Context, eventIDs ...string) (held map[string]bool, err error) {
	held = map[string]bool{}
	err = m.step(ctx, func() error {
		for _, e := range m.log {
			if slices.Contains(eventIDs, e.ID) {
				held[e.ID] = true
			}
		}
		return nil
	})
	return held, err
}

func (m *memory) AuditEntries(ctx context.Context, from int64, limit int) (l []identity.AuditEntry, err error) {
	err = m.step(ctx, func() error {
		for _, e := range m.log {
			if e.Seq >= from && len(l) < limit {
				l = append(l, clone(e))
			}
		}
		return nil
	})
	return l, err
}

func (m *memory) Ping(ctx context.Context) error { return m.step(ctx, func() error { return nil }) }

// outstanding reports whether a record holds a consequence.
func (m *memory) outstanding(holder string) bool {
	for _, d := range m.pending {
		if d.Holder == holder {
			return true
		}
	}
	return false
}

// dead reports whether a session may be swept at now.
func dead(s identity.Session, now time.Time) bool {
	edge := now.Add(-store.RetainSessions)
	return s.IdleUntil.Before(edge) || s.MaxUntil.Before(edge) || !s.EndedAt.IsZero() && s.EndedAt.Before(edge)
}

func (m *memory) Sweep(ctx context.Context, now time.Time) (n int64, err error) {
	err = m.step(ctx, func() error {
		for id, s := range m.sessions {
			if dead(s, now) && !m.outstanding(id) {
				delete(m.sessions, id)
				n++
			}
		}
		for id, u := range m.users {
			if u.Deleted && !m.outstanding(id) {
				delete(m.users, id)
				n++
			}
		}
		for id, i := range m.invitations {
			if lapsed(i, now) && !m.outstanding(id) {
				delete(m.invitations, id)
				n++
			}
		}
		for key, c := range m.counts {
			if !now.Before(c.ResetsAt) {
				delete(m.counts, key)
				n++
			}
		}
		return nil
	})
	return n, err
}

func lapsed(i identity.Invitation, now time.Time) bool {
	return i.Form == identity.CodeUUID && i.Left > 0 && i.ExpiresAt.Before(now.Add(-store.RetainInvitations))
}

func (m *memory) Describe(context.Context) (string, error) { return "memory", nil }

func (m *memory) Close() error { return nil }

var errBlobSize = errors.New("larger than store.MaxBlob")

func (m *memory) PutBlob(ctx context.Context, b store.Blob) error {
	if len(b.Data) > store.MaxBlob {
		return store.ErrUnavailable.With(errBlobSize)
	}
	return add(ctx, m, m.blobs, b.ID, b, nil)
}

func (m *memory) Blob(ctx context.Context, id string) (store.Blob, error) {
	return get(ctx, m, m.blobs, id)
}

func (m *memory) DeleteBlob(ctx context.Context, id string) error {
	return m.step(ctx, func() error {
		delete(m.blobs, id)
		return nil
	})
}

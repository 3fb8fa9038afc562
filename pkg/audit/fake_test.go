package audit_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is store.AuditLog in memory. The tests alter its rows and make it fail.
type memory struct {
	mu        sync.Mutex
	rows      []identity.AuditEntry
	fail      error
	afterRead func() // runs once, after the next LastAudit or AuditRecorded
	appends   int
}

func (m *memory) AppendAudit(_ context.Context, entries ...identity.AuditEntry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.appends++
	if m.fail != nil {
		return m.fail
	}
	if n := int64(len(m.rows)); entries[0].Seq <= n {
		return store.ErrExists
	} else if entries[0].Seq > n+1 {
		return fmt.Errorf("entry %d after %d", entries[0].Seq, n)
	}
	m.rows = append(m.rows, entries...)
	return nil
}

func (m *memory) LastAudit(context.Context) (identity.AuditEntry, error) {
	defer m.runAfterRead()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return identity.AuditEntry{}, m.fail
	}
	if len(m.rows) == 0 {
		return identity.AuditEntry{}, store.ErrNotFound
	}
	return m.rows[len(m.rows)-1], nil
}

func (m *memory) AuditRecorded(_ context.Context, ids ...string) (map[string]bool, error) {
	defer m.runAfterRead()
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]bool{}
	for _, row := range m.rows {
		if slices.Contains(ids, row.ID) {
			out[row.ID] = true
		}
	}
	return out, m.fail
}

func (m *memory) AuditEntries(_ context.Context, from int64, limit int) ([]identity.AuditEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []identity.AuditEntry
	for _, row := range m.rows {
		if row.Seq >= from && len(out) < limit {
			out = append(out, row)
		}
	}
	return out, m.fail
}

func (m *memory) runAfterRead() {
	m.mu.Lock()
	f := m.afterRead
	m.afterRead = nil
	m.mu.Unlock()
	runtime.Gosched()
	if f != nil {
		f()
	}
}

func event(id string) identity.Event {
	return identity.Event{
		ID: id, At: start, Type: audit.SignIn, Actor: "user:u1", IP: "192.0.2.7",
		Detail: map[string]string{"amr": "pwd", "dialect": "<native>"},
	}
}

func events(n int) []identity.Event {
	out := make([]identity.Event, n)
	for i := range out {
		out[i] = event(fmt.Sprintf("evt%04d", i+1))
	}
	return out
}

// logOf returns a log that holds n events.
func logOf(t *testing.T, n int) (*audit.Log, *memory) {
	t.Helper()
	m := &memory{}
	l := &audit.Log{Store: m, Key: []byte("a key of this test")}
	if err := l.Append(t.Context(), events(n)); err != nil {
		t.Fatal(err)
	}
	return l, m
}

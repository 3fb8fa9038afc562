package relay_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/relay"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is store.Consequences in memory. It counts the claims and can be made to fail.
type memory struct {
	mu      sync.Mutex
	rows    map[string]identity.Consequence
	claims  int
	failing map[string]error // by method
	now     time.Time        // what Now returns
	most    int              // what one claim gets at most, if not zero
	claimed func()           // called by ClaimDue without the lock, before it returns
}

func newMemory() *memory {
	return &memory{rows: map[string]identity.Consequence{}, failing: map[string]error{}, now: start, claimed: func() {}}
}

func (m *memory) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *memory) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

func (m *memory) fail(method string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing[method] = err
}

func (m *memory) Record(_ context.Context, also ...identity.Consequence) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range also {
		m.rows[c.ID] = c
	}
	return nil
}

func (m *memory) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	defer m.claimed()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.claims++
	if m.most > 0 {
		limit = m.most
	}
	if err := cmp.Or(ctx.Err(), m.failing["ClaimDue"]); err != nil {
		return nil, err
	}
	var out []store.Due
	for _, c := range m.rows {
		if !c.DueAt.After(now) {
			out = append(out, store.Due{Consequence: c, Holder: "holder of " + c.ID})
		}
	}
	slices.SortFunc(out, func(a, b store.Due) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	out = out[:min(len(out), limit)]
	for i := range out {
		out[i].Attempts++
		out[i].DueAt = now.Add(lease)
		m.rows[out[i].ID] = out[i].Consequence
	}
	return out, nil
}

func (m *memory) Settle(ctx context.Context, due ...store.Due) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.failing["Settle"]); err != nil {
		return err
	}
	for _, d := range due {
		delete(m.rows, d.ID)
	}
	return nil
}

func (m *memory) Postpone(ctx context.Context, d store.Due, t time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(ctx.Err(), m.failing["Postpone"]); err != nil {
		return err
	}
	if d.Holder != "holder of "+d.ID {
		return fmt.Errorf("holder %q of %s", d.Holder, d.ID)
	}
	c := m.rows[d.ID]
	c.DueAt = t
	m.rows[d.ID] = c
	return nil
}

// dueIn returns when the consequence is due, seen from now.
func (m *memory) dueIn(t *testing.T, id string) time.Duration {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.rows[id]
	if !ok {
		t.Fatalf("%s is gone", id)
	}
	return c.DueAt.Sub(m.now)
}

func (m *memory) left() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []string{}
	for id := range m.rows {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

const private = "ada@example.org"

func consequence(kind identity.ConsequenceKind, id string) identity.Consequence {
	return identity.Consequence{ID: id, Kind: kind, DueAt: start, Data: []byte(`"` + private + `"`)}
}

// newRelay returns a relay over a store that holds these consequences.
func newRelay(t *testing.T, handlers map[identity.ConsequenceKind]relay.Handler, due ...identity.Consequence) (*relay.Relay, *memory, *lines) {
	t.Helper()
	m, log := newMemory(), &lines{}
	if err := m.Record(t.Context(), due...); err != nil {
		t.Fatal(err)
	}
	return &relay.Relay{
		Store: m, Handlers: handlers, Now: m.Now,
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	}, m, log
}

// recorder is a handler that notes what it was given.
type recorder struct {
	mu      sync.Mutex
	batches [][]string
	fail    func(ids []string) error
}

func (r *recorder) handle(_ context.Context, batch []identity.Consequence) error {
	ids := make([]string, len(batch))
	for i, c := range batch {
		ids[i] = c.ID
	}
	r.mu.Lock()
	r.batches = append(r.batches, ids)
	r.mu.Unlock()
	if r.fail != nil {
		return r.fail(ids)
	}
	return nil
}

func (r *recorder) seen() [][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.batches)
}

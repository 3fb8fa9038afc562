package apikey_test

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memory is store.APIKeys in memory with a clock. It counts the calls, can be made to fail,
// and can hold up a read after it has looked.
type memory struct {
	mu      sync.Mutex
	rows    map[string]identity.APIKey
	also    []identity.Consequence
	reads   int
	touches int
	fail    error
	looked  func() // called by APIKey without the lock, between looking and answering
	now     time.Time
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

func (m *memory) setFail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *memory) calls() (reads, touches int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reads, m.touches
}

func (m *memory) CreateAPIKey(_ context.Context, k identity.APIKey, also ...identity.Consequence) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.rows[k.ID] = k
	m.also = append(m.also, also...)
	return nil
}

func (m *memory) APIKey(ctx context.Context, id string) (identity.APIKey, error) {
	m.mu.Lock()
	m.reads++
	k, ok := m.rows[id]
	err, looked := m.fail, m.looked
	m.mu.Unlock()
	if looked != nil {
		looked()
	}
	if ctx.Err() != nil {
		return identity.APIKey{}, store.ErrUnavailable.With(ctx.Err())
	}
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return k, err
}

func (m *memory) APIKeys(context.Context) ([]identity.APIKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []identity.APIKey
	for _, k := range m.rows {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b identity.APIKey) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, m.fail
}

func (m *memory) RevokeAPIKey(_ context.Context, id string, at time.Time, also ...identity.Consequence) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.rows[id]
	switch {
	case m.fail != nil:
		return m.fail
	case !ok:
		return store.ErrNotFound
	case !k.RevokedAt.IsZero():
		return store.ErrStale
	}
	k.RevokedAt = at
	m.rows[id] = k
	m.also = append(m.also, also...)
	return nil
}

func (m *memory) TouchAPIKey(_ context.Context, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touches++
	k, ok := m.rows[id]
	switch {
	case m.fail != nil:
		return m.fail
	case !ok:
		return store.ErrNotFound
	case at.After(k.LastUsedAt):
		k.LastUsedAt = at
		m.rows[id] = k
	}
	return nil
}

// record stands for the audit log's: it keeps the event as it is.
func record(e identity.Event) identity.Consequence {
	data, _ := json.Marshal(e)
	return identity.Consequence{ID: e.ID, Kind: "audit", Data: data}
}

// events returns what was recorded together with the writes.
func (m *memory) events(t *testing.T) []identity.Event {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]identity.Event, len(m.also))
	for i, c := range m.also {
		if err := json.Unmarshal(c.Data, &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func newService() (*apikey.Service, *memory) {
	m := &memory{rows: map[string]identity.APIKey{}, now: start}
	return node(m), m
}

// node returns another service over the same store.
func node(m *memory) *apikey.Service {
	return &apikey.Service{Store: m, Audit: record, Now: m.Now, Log: slog.New(slog.DiscardHandler)}
}

var admin = identity.Actor{
	User:    &identity.User{ID: "u1", UserType: identity.Superadmin},
	Session: &identity.Session{ID: "s1"},
	Client:  identity.Client{IP: "192.0.2.7"},
}

// create makes a secret key and returns its id and the credential.
func create(t *testing.T, s *apikey.Service) (id, credential string) {
	t.Helper()
	k, credential, err := s.Create(t.Context(), admin, apikey.New{
		Name: "backend", Kind: identity.Secret, Scopes: []string{identity.ScopeUsersRead},
	})
	if err != nil {
		t.Fatal(err)
	}
	return k.ID, credential
}

package dialecttest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Watched notes every call of a store that could tell accounts apart by the time it takes. Safe
// for concurrent use.
type Watched struct {
	store.Store

	mu    sync.Mutex
	calls []string
}

// Watch starts a service whose store is watched.
func Watch(t testing.TB, open Opener, env ...string) (*Server, *Watched) {
	t.Helper()
	var w *Watched
	s := Start(t, open, Options{Env: env, Wrap: func(db store.Store) store.Store {
		w = &Watched{Store: db}
		return w
	}})
	return s, w
}

// Since returns the calls since it was last asked, in their order.
func (w *Watched) Since() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

func (w *Watched) note(call string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call)
}

// User notes a call.
func (w *Watched) User(ctx context.Context, id string) (identity.User, error) {
	w.note("User")
	return w.Store.User(ctx, id)
}

// UserByIdentifier notes a call.
func (w *Watched) UserByIdentifier(ctx context.Context, name identity.Identifier) (identity.User, error) {
	w.note("UserByIdentifier")
	return w.Store.UserByIdentifier(ctx, name)
}

// Users notes a call.
func (w *Watched) Users(ctx context.Context, after string, limit int) ([]identity.User, error) {
	w.note("Users")
	return w.Store.Users(ctx, after, limit)
}

// CreateUser notes a call.
func (w *Watched) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	w.note("CreateUser")
	return w.Store.CreateUser(ctx, u, also...)
}

// UpdateUser notes a call.
func (w *Watched) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	w.note("UpdateUser")
	return w.Store.UpdateUser(ctx, u, also...)
}

// RemoveUser notes a call.
func (w *Watched) RemoveUser(ctx context.Context, id string, rev int64) error {
	w.note("RemoveUser")
	return w.Store.RemoveUser(ctx, id, rev)
}

// SessionAndUser notes a call.
func (w *Watched) SessionAndUser(ctx context.Context, id string) (identity.Session, identity.User, error) {
	w.note("SessionAndUser")
	return w.Store.SessionAndUser(ctx, id)
}

// CreateInvitation notes a call.
func (w *Watched) CreateInvitation(ctx context.Context, inv identity.Invitation, also ...identity.Consequence) error {
	w.note("CreateInvitation")
	return w.Store.CreateInvitation(ctx, inv, also...)
}

// Invitation notes a call.
func (w *Watched) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	w.note("Invitation")
	return w.Store.Invitation(ctx, id)
}

// InvitationByCode notes a call.
func (w *Watched) InvitationByCode(ctx context.Context, hash []byte) (identity.Invitation, error) {
	w.note("InvitationByCode")
	return w.Store.InvitationByCode(ctx, hash)
}

// Hit notes a call and how many counters it is about.
func (w *Watched) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	w.note(fmt.Sprintf("Hit %d", len(c)))
	return w.Store.Hit(ctx, now, c...)
}

// Peek notes a call.
func (w *Watched) Peek(ctx context.Context, now time.Time, c store.Counter) (store.Count, error) {
	w.note("Peek")
	return w.Store.Peek(ctx, now, c)
}

// Forget notes a call.
func (w *Watched) Forget(ctx context.Context, keys ...string) error {
	w.note("Forget")
	return w.Store.Forget(ctx, keys...)
}

// Record notes each consequence by its kind.
func (w *Watched) Record(ctx context.Context, also ...identity.Consequence) error {
	for _, c := range also {
		w.note("Record " + string(c.Kind))
	}
	return w.Store.Record(ctx, also...)
}

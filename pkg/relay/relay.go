// Package relay carries out what follows from changes that have been written: mails, audit
// events, ended sessions. It claims due consequences from the store, hands them to their
// kind's handler in batches, and removes those that were carried out.
//
// Any number of nodes may run one. A consequence is carried out at least once, so handlers
// are idempotent by its id; there is no order between kinds. It refuses to drop anything:
// what fails, or is of an unknown kind, is tried again later for as long as it takes.
package relay

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	maxBatch     = 100
	defaultEvery = time.Second
	defaultLease = time.Minute
)

// Handler carries out a batch of one kind, at most 100, or fails as a whole; parts of a
// failed batch come again, one by one. A batch of a kind in OneByOne has one. It is called by one goroutine of a relay at a time.
// The context ends with the lease of the batch, not with the relay's own context. The error
// is logged: it must not tell what the consequences are about.
type Handler func(ctx context.Context, batch []identity.Consequence) error

// Relay moves consequences from the store to their handlers. Its methods are safe for
// concurrent use.
type Relay struct {
	Store    store.Consequences
	Handlers map[identity.ConsequenceKind]Handler
	// OneByOne names the kinds whose effect a repetition doubles, such as mail. Each of theirs
	// is carried out alone and settled before the next one begins, so a process that dies
	// leaves at most one that was carried out and is not settled.
	OneByOne map[identity.ConsequenceKind]bool
	Now      func() time.Time
	Every    time.Duration // between looks at the store; zero means 1 s
	Lease    time.Duration // how long a batch may take before others try it too; zero means 1 minute
	Log      *slog.Logger

	once sync.Once
	wake chan struct{}
	pass sync.Mutex // one claim at a time, so that a handler is not called twice at once
}

// Wake asks for a look at the store soon. It never waits; many calls make one look.
func (r *Relay) Wake() {
	select {
	case r.waker() <- struct{}{}:
	default:
	}
}

func (r *Relay) waker() chan struct{} {
	r.once.Do(func() { r.wake = make(chan struct{}, 1) })
	return r.wake
}

// Run drains the store again and again until ctx ends. It returns when the batches at hand
// are finished; what was claimed and not begun is given back.
func (r *Relay) Run(ctx context.Context) {
	down := false
	for ctx.Err() == nil {
		_, err := r.Drain(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !down: // once per outage, not once a second
			down = true
			r.Log.LogAttrs(ctx, slog.LevelWarn, "relay cannot reach the store", slog.Any("error", err))
		case err == nil && down:
			down = false
			r.Log.LogAttrs(ctx, slog.LevelInfo, "relay reaches the store again")
		}
		r.wait(ctx)
	}
}

func (r *Relay) wait(ctx context.Context) {
	t := time.NewTimer(orDefault(r.Every, defaultEvery))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-r.waker():
	case <-t.C:
	}
}

// Drain carries out what is due until nothing is, and returns how many consequences were
// carried out. What fails is postponed and no error; the error is the store's, or that ctx
// has ended.
func (r *Relay) Drain(ctx context.Context) (int, error) {
	total := 0
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		claimed, done, err := r.claim(ctx)
		total += done
		if err != nil || claimed == 0 {
			return total, err
		}
	}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

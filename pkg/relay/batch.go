package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	firstRetry = time.Second
	lastRetry  = 10 * time.Minute
	// bookkeeping bounds the write that says what became of a batch. It gets its own time,
	// because the batch may have used up the lease.
	bookkeeping = 10 * time.Second
	// outage is how many single failures in a row look like the handler's fault rather than
	// the consequences': the rest is postponed untried.
	outage = 3
)

var (
	errUnknownKind = errors.New("no handler for this kind")
	errOutage      = errors.New("not tried: the ones before it failed")
)

// claim takes one lease's worth of work and carries it out, each kind on its own goroutine,
// so that a mail server that hangs does not hold up the audit log within one claim.
func (r *Relay) claim(ctx context.Context) (claimed, done int, err error) {
	r.pass.Lock()
	defer r.pass.Unlock()
	lease := orDefault(r.Lease, defaultLease)
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), lease)
	defer cancel()
	due, err := r.Store.ClaimDue(ctx, r.Now(), lease, maxBatch)
	if err != nil {
		return 0, 0, fmt.Errorf("relay: claim: %w", err)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		fails []error
	)
	for kind, batch := range byKind(due) {
		wg.Go(func() {
			n, err := r.carryOut(ctx, work, kind, batch)
			mu.Lock()
			defer mu.Unlock()
			done += n
			fails = append(fails, err)
		})
	}
	wg.Wait()
	return len(due), done, errors.Join(fails...)
}

func byKind(due []store.Due) map[identity.ConsequenceKind][]store.Due {
	out := make(map[identity.ConsequenceKind][]store.Due)
	for _, d := range due {
		out[d.Kind] = append(out[d.Kind], d)
	}
	return out
}

// carryOut handles the due consequences of one kind and writes down what became of them. It
// returns how many were carried out. ctx is the relay's own; work lasts as long as the lease.
func (r *Relay) carryOut(ctx, work context.Context, kind identity.ConsequenceKind, batch []store.Due) (int, error) {
	handle, known := r.Handlers[kind]
	if !known {
		return 0, r.postpone(work, errUnknownKind, batch...)
	}
	if ctx.Err() != nil {
		return 0, r.giveBack(work, batch)
	}
	if r.OneByOne[kind] {
		return r.oneByOne(ctx, work, handle, batch)
	}
	err := call(work, handle, batch)
	switch {
	case err == nil:
		return len(batch), r.settle(work, batch...)
	case len(batch) == 1:
		return 0, r.postpone(work, err, batch...)
	}
	r.Log.LogAttrs(work, slog.LevelWarn, "batch failed, trying one by one",
		slog.String("kind", string(kind)), slog.Int("size", len(batch)), slog.Any("error", err))
	return r.oneByOne(ctx, work, handle, batch)
}

// oneByOne carries out a batch in steps, each written down before the next one begins: one
// that failed as a whole, so that one bad consequence does not hold up its neighbours, or one
// of a kind that must not be repeated.
func (r *Relay) oneByOne(ctx, work context.Context, handle Handler, batch []store.Due) (int, error) {
	done, failures := 0, 0
	for i, d := range batch {
		if ctx.Err() != nil {
			return done, r.giveBack(work, batch[i:])
		}
		if failures == outage || work.Err() != nil {
			return done, r.postpone(work, errOutage, batch[i:]...)
		}
		err := call(work, handle, batch[i:i+1])
		if err == nil {
			failures = 0
			done++
			err = r.settle(work, d)
		} else {
			failures++
			err = r.postpone(work, err, d)
		}
		if err != nil {
			return done, err // the rest is due again when the lease is over
		}
	}
	return done, nil
}

// call runs a handler and turns a panic into an error. The value of a panic is not told:
// it may hold what the consequence is about.
func call(ctx context.Context, handle Handler, batch []store.Due) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the handler panicked with a %T at\n%s", v, debug.Stack())
		}
	}()
	plain := make([]identity.Consequence, len(batch))
	for i, d := range batch {
		plain[i] = d.Consequence
	}
	return handle(ctx, plain)
}

func (r *Relay) settle(ctx context.Context, batch ...store.Due) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookkeeping)
	defer cancel()
	if err := r.Store.Settle(ctx, batch...); err != nil {
		return fmt.Errorf("relay: settle: %w", err)
	}
	return nil
}

// postpone makes consequences due again after a pause that doubles with each attempt, and
// logs why, without their data.
func (r *Relay) postpone(ctx context.Context, why error, batch ...store.Due) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookkeeping)
	defer cancel()
	for _, d := range batch {
		pause := backOff(d.Attempts)
		r.Log.LogAttrs(ctx, slog.LevelWarn, "consequence postponed",
			slog.String("kind", string(d.Kind)), slog.String("id", d.ID),
			slog.Int64("attempts", d.Attempts), slog.Duration("retry_in", pause), slog.Any("error", why))
		if err := r.Store.Postpone(ctx, d, r.Now().Add(pause)); err != nil {
			return fmt.Errorf("relay: postpone: %w", err)
		}
	}
	return nil
}

// giveBack makes consequences due at once that this relay has no time for any more.
func (r *Relay) giveBack(ctx context.Context, batch []store.Due) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookkeeping)
	defer cancel()
	for _, d := range batch {
		if err := r.Store.Postpone(ctx, d, r.Now()); err != nil {
			return fmt.Errorf("relay: give back: %w", err)
		}
	}
	return nil
}

// backOff returns the pause after so many attempts: 1 s, 2 s, 4 s, ... 10 minutes.
func backOff(attempts int64) time.Duration {
	pause := firstRetry
	for range min(attempts-1, 10) {
		pause *= 2
	}
	return min(pause, lastRetry)
}

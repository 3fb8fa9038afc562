package app

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const (
	repairEvery = 15 * time.Second
	sweepEvery  = time.Minute
	flushEvery  = 10 * time.Second
)

// appendEvents is the relay's handler of audit events.
func (a *App) appendEvents(ctx context.Context, batch []identity.Consequence) error {
	events := make([]identity.Event, len(batch))
	for i, c := range batch {
		if err := json.Unmarshal(c.Data, &events[i]); err != nil {
			return fmt.Errorf("app: read audit event: %w", err)
		}
	}
	return a.Audit.Append(ctx, events)
}

// background runs everything that runs on its own until ctx ends, and then waits for it.
func (a *App) background(ctx context.Context) (stopped <-chan struct{}) {
	var wg sync.WaitGroup
	for _, run := range []func(context.Context){
		func(ctx context.Context) { a.Keys.Run(ctx) },
		func(ctx context.Context) { a.Relay.Run(ctx) },
		a.every(repairEvery, "repair invitations", func(ctx context.Context) error {
			_, err := a.Invites.Repair(ctx)
			return err
		}),
		a.every(sweepEvery, "sweep", func(ctx context.Context) error {
			_, err := a.Store.Sweep(ctx, a.Now())
			return err
		}),
		a.every(flushEvery, "note use of api keys", a.APIKeys.Flush),
	} {
		wg.Go(func() { run(ctx) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	return done
}

// every returns a loop that does something at an interval. A failure is logged and tried
// again at the next turn.
func (a *App) every(d time.Duration, what string, do func(context.Context) error) func(context.Context) {
	return func(ctx context.Context) {
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				if err := do(ctx); err != nil && ctx.Err() == nil {
					a.Log.WarnContext(ctx, "upkeep failed", "what", what, "error", err)
				}
			}
		}
	}
}

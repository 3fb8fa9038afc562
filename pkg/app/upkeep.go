package app

import (
	"context"
	"sync"
	"time"
)

const (
	repairEvery = 15 * time.Second
	sweepEvery  = time.Minute
)

// background runs everything that runs on its own until ctx ends, and then waits for it.
func (a *App) background(ctx context.Context) (stopped <-chan struct{}) {
	var wg sync.WaitGroup
	for _, run := range []func(context.Context){
		func(ctx context.Context) { a.Keys.Run(ctx) },
		func(ctx context.Context) { a.Relay.Run(ctx) },
		func(ctx context.Context) { a.APIKeys.Run(ctx) },
		a.every(repairEvery, "repair invitations", func(ctx context.Context) error {
			_, err := a.Invites.Repair(ctx)
			return err
		}),
		a.every(sweepEvery, "sweep", func(ctx context.Context) error {
			_, err := a.Store.Sweep(ctx, a.Now())
			return err
		}),
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

package password

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
)

// ErrOverloaded says that more passwords are being hashed than this node can do in time. Its
// cause, where there is one, is that of the context.
var ErrOverloaded = fault.New(fault.Unavailable, "overloaded", "too many sign-ins at this moment; try again").After(2 * time.Second)

// largeMemory is what a hash may take, in bytes, before no second such hash is computed beside
// it: imported hashes may need up to 512 MiB each.
const largeMemory = 64 << 20

// gate lets a bounded number of calls work and a bounded number wait, in the order they came.
type gate struct {
	slots   chan struct{}
	large   chan struct{}
	queue   int64
	waiting atomic.Int64
	wait    time.Duration
}

func newGate(cfg Config) *gate {
	return &gate{
		slots: make(chan struct{}, cfg.Parallel),
		large: make(chan struct{}, 1),
		queue: int64(cfg.Queue),
		wait:  cfg.Wait,
	}
}

// do calls work when it is its turn, in the caller's goroutine, or returns ErrOverloaded.
func (g *gate) do(ctx context.Context, large bool, work func()) error {
	if ctx.Err() != nil {
		return ErrOverloaded.With(context.Cause(ctx))
	}
	turn, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	if large {
		// Before a slot, so that whoever waits here keeps nobody else from working.
		if err := g.enter(turn, g.large); err != nil {
			return err
		}
		defer func() { <-g.large }()
	}
	if err := g.enter(turn, g.slots); err != nil {
		return err
	}
	defer func() { <-g.slots }()
	work()
	return nil
}

func (g *gate) enter(turn context.Context, lane chan struct{}) error {
	select {
	case lane <- struct{}{}:
		return nil
	default:
	}
	waiting := g.waiting.Add(1)
	defer g.waiting.Add(-1)
	if waiting > g.queue {
		return ErrOverloaded
	}
	select {
	case lane <- struct{}{}:
		return nil
	case <-turn.Done():
		return ErrOverloaded.With(context.Cause(turn))
	}
}

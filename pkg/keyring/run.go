package keyring

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

// Run keeps the ring up to date until ctx ends: every one to two seconds, at an uneven pace so
// that nodes do not move in step, it calls Sync. A store that is down is logged when it goes
// and when it comes back.
func (r *Ring) Run(ctx context.Context) {
	failing := false
	for pause(ctx) {
		err := r.Sync(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			r.log().ErrorContext(ctx, "cannot keep the signing keys up to date; going on with those in memory", "err", err)
		case err == nil && failing:
			r.log().InfoContext(ctx, "the signing keys are up to date again")
		}
		failing = err != nil
	}
}

// Sync reads the set and does to it what is due by the policy: the next key when its time has
// come, and pruning. It never makes the first key.
func (r *Ring) Sync(ctx context.Context) error {
	_, err := r.change(ctx, func(s keyset.Set, now time.Time) (keyset.Plan, error) {
		return s.Plan(now, r.Policy), nil
	})
	return err
}

func pause(ctx context.Context) bool {
	var b [1]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program first
	t := time.NewTimer(time.Second + time.Duration(b[0])*time.Second/256)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

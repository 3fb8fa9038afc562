package mongo_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// twoNodes returns two stores on one database.
func twoNodes(t *testing.T) (a, b *kit) {
	t.Helper()
	c, uri := &clock{now: start}, mongotest.URI(t)
	return &kit{T: t, Store: open(t, uri, c.Now), clock: c}, &kit{T: t, Store: open(t, uri, c.Now), clock: c}
}

// paused is a call that waits at a step of its flow.
type paused struct {
	step chan struct{} // closed when the call has reached its step
	on   chan struct{} // closed to let it go on
	done chan error
}

// pause begins a call on k's node, in the background, and returns when it waits at the step.
func (k *kit) pause(step string, call func() error) *paused {
	k.Helper()
	p := &paused{step: make(chan struct{}), on: make(chan struct{}), done: make(chan error, 1)}
	k.during(step, func() error {
		close(p.step)
		<-p.on
		return nil
	})
	go func() { p.done <- call() }()
	select {
	case <-p.step:
	case err := <-p.done:
		k.Fatalf("it ended with %v before it came to %q", err, step)
	}
	return p
}

func (p *paused) finish() error {
	close(p.on)
	return <-p.done
}

func TestOfManyWhoTakeOverAVoidClaimOneGetsTheName(t *testing.T) {
	a, b := twoNodes(t)
	a.putClaim(claimDoc{ID: "email:a@example.com", UID: "nobody", At: start.Add(-time.Hour), Call: "somebody", Confirmed: true})
	var won atomic.Int32
	done := make(chan struct{})
	for i := range 50 {
		go func() {
			defer func() { done <- struct{}{} }()
			node := []*kit{a, b}[i%2]
			if node.CreateUser(t.Context(), user(fmt.Sprintf("u%d", i), "a@example.com")) == nil {
				won.Add(1)
			}
		}()
	}
	for range 50 {
		<-done
	}
	if ids := a.userIDs(); won.Load() != 1 || len(ids) != 1 {
		t.Fatalf("%d won, and there are %q", won.Load(), ids)
	}
	a.tidy()
}

func TestATakeoverThatComesSecondTakesNothing(t *testing.T) {
	a, b := twoNodes(t)
	a.putClaim(claimDoc{ID: "email:a@example.com", UID: "nobody", At: start.Add(-time.Hour), Call: "somebody"})
	second := a.pause(mongo.StepVoid, func() error { return a.CreateUser(t.Context(), user("second", "a@example.com")) })
	b.ok(b.CreateUser(t.Context(), user("first", "a@example.com")))
	a.refused(second.finish(), store.ErrExists)
	a.holds("first", "a@example.com")
	if ids := a.userIDs(); !slices.Equal(ids, []string{"first"}) {
		t.Fatalf("there are %q, want first alone", ids)
	}
	a.tidy()
}

// The claim is void when b looks at it, and no longer when b takes it over.
func TestAStalledRegistrarWhoComesBackInTimeKeepsTheName(t *testing.T) {
	a, b := twoNodes(t)
	slow := a.pause(mongo.StepClaimed, func() error { return a.CreateUser(t.Context(), user("slow", "a@example.com")) })
	a.clock.advance(store.ClaimTimeout + time.Millisecond)
	fast := b.pause(mongo.StepVoid, func() error { return b.CreateUser(t.Context(), user("fast", "a@example.com")) })
	a.ok(slow.finish())
	b.refused(fast.finish(), store.ErrExists)
	a.holds("slow", "a@example.com")
	a.tidy()
}

// The user is written when b takes the claim over, and not confirmed yet.
func TestARegistrarWhoIsTakenOverBeforeConfirmingMakesNoSecondAccount(t *testing.T) {
	a, b := twoNodes(t)
	slow := a.pause(mongo.StepClaimed, func() error { return a.CreateUser(t.Context(), user("slow", "a@example.com")) })
	a.clock.advance(store.ClaimTimeout + time.Millisecond)
	fast := b.pause(mongo.StepVoid, func() error { return b.CreateUser(t.Context(), user("fast", "a@example.com")) })
	a.during(mongo.StepWritten, fast.finish)
	a.refused(slow.finish(), store.ErrExists)
	a.holds("fast", "a@example.com")
	if ids := a.userIDs(); !slices.Equal(ids, []string{"fast"}) {
		t.Fatalf("there are %q, want fast alone", ids)
	}
	a.tidy()
}

// Both updates gain the name under one claim; the one that made the claim comes too late.
func TestALateUpdateLeavesItsClaimToTheOneThatWon(t *testing.T) {
	a, b := twoNodes(t)
	a.ok(a.CreateUser(t.Context(), user("u", "a@example.com")))
	late := a.pause(mongo.StepClaimed, func() error { return a.UpdateUser(t.Context(), user("u", "b@example.com")) })
	wins := b.pause(mongo.StepWritten, func() error { return b.UpdateUser(t.Context(), user("u", "b@example.com")) })
	a.refused(late.finish(), store.ErrStale)
	a.refused(a.CreateUser(t.Context(), user("thief", "b@example.com")), store.ErrExists)
	b.ok(wins.finish())
	a.holds("u", "b@example.com")
	a.tidy()
}

func TestASweepDuringARegistrationSpoilsNothing(t *testing.T) {
	for _, step := range []string{mongo.StepClaimed, mongo.StepWritten, mongo.StepConfirmed} {
		t.Run("when the "+step, func(t *testing.T) {
			a, b := twoNodes(t)
			p := a.pause(step, func() error { return a.CreateUser(t.Context(), user("u", "a@example.com")) })
			n, err := b.Sweep(t.Context(), b.clock.Now())
			if err != nil || n != 0 {
				t.Fatalf("it removed %d (error %v), want nothing", n, err)
			}
			a.ok(p.finish())
			a.holds("u", "a@example.com")
			a.tidy()
		})
	}
}

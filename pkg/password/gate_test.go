package password_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/password"
)

func TestNoMoreThanParallelWorkAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.New(password.Config{Parallel: 3, Queue: 500, Wait: time.Hour})
		var now, peak, done atomic.Int64
		for range 500 {
			go func() {
				err := h.Do(t.Context(), false, func() {
					n := now.Add(1)
					for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
					}
					<-time.After(time.Second)
					now.Add(-1)
					done.Add(1)
				})
				if err != nil {
					t.Error(err)
				}
			}()
		}
		start := time.Now()
		for done.Load() < 500 {
			<-time.After(time.Second)
			synctest.Wait()
		}
		if peak.Load() != 3 {
			t.Errorf("%d at once, want 3", peak.Load())
		}
		if d := time.Since(start); d != 167*time.Second {
			t.Errorf("500 seconds of work by three took %v, want 167s: a slot stood empty", d)
		}
	})
}

func TestOnlyOneLargeHashAtOnceAndItLeavesTheOthersRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.New(password.Config{Parallel: 2, Queue: 10, Wait: time.Hour})
		var large, small atomic.Int64
		hold := make(chan struct{})
		for range 3 {
			go func() { _ = h.Do(t.Context(), true, func() { large.Add(1); <-hold }) }()
		}
		synctest.Wait()
		for range 5 {
			go func() { _ = h.Do(t.Context(), false, func() { small.Add(1) }) }()
		}
		synctest.Wait()
		if large.Load() != 1 || small.Load() != 5 {
			t.Errorf("%d large begun, %d small done; want 1, 5", large.Load(), small.Load())
		}
		close(hold)
		synctest.Wait()
		if large.Load() != 3 {
			t.Errorf("%d large done in the end, want 3", large.Load())
		}
	})
}

func TestACostlyForeignHashIsALargeOne(t *testing.T) {
	h := password.New(password.Config{Parallel: 2, Queue: -1})
	large := phc("$argon2id$v=19$m=65537,t=1,p=1", "somesalt", make([]byte, 32))
	small := phc("$argon2id$v=19$m=8192,t=1,p=1", "somesalt", make([]byte, 32))
	err := h.Do(t.Context(), true, func() {
		if _, _, err := h.Verify(t.Context(), large, "p"); !errors.Is(err, password.ErrOverloaded) {
			t.Errorf("a second large hash: %v, want ErrOverloaded", err)
		}
		if _, _, err := h.Verify(t.Context(), small, "p"); err != nil {
			t.Errorf("a small hash beside a large one: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.New(password.Config{Parallel: 1}) // a queue of 64
		release := occupy(t, h)
		results := make(chan error, 65)
		for range cap(results) {
			go func() { results <- h.Do(t.Context(), false, func() {}) }()
		}
		synctest.Wait()
		if len(results) != 1 {
			t.Fatalf("%d of 65 refused, want 1", len(results))
		}
		err := <-results
		f := fault.From(err)
		if !errors.Is(err, password.ErrOverloaded) || f.Kind != fault.Unavailable || f.Code != "overloaded" || f.RetryAfter <= 0 {
			t.Errorf("refused with %#v", f)
		}
		release()
		synctest.Wait()
		for range 64 {
			if err := <-results; err != nil {
				t.Errorf("somebody in the queue: %v", err)
			}
		}
	})
}

func TestWaitingEndsAfterTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.New(password.Config{Parallel: 1})
		release := occupy(t, h)
		defer release()
		start := time.Now()
		err := h.Do(t.Context(), false, func() { t.Error("worked without a slot") })
		if d := time.Since(start); d != 2*time.Second || !errors.Is(err, password.ErrOverloaded) {
			t.Errorf("refused after %v with %v; want 2s, ErrOverloaded", d, err)
		}
		if f := fault.From(err); f.RetryAfter <= 0 {
			t.Errorf("RetryAfter = %v", f.RetryAfter)
		}
	})
}

func TestACancelledCallLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.New(password.Config{Parallel: 1, Queue: 1, Wait: time.Hour})
		release := occupy(t, h)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 2)
		go func() { results <- h.Do(ctx, false, func() { t.Error("a cancelled call worked") }) }()
		synctest.Wait()
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) || !errors.Is(err, password.ErrOverloaded) {
			t.Errorf("cancelled with %v", err)
		}
		synctest.Wait()
		go func() { results <- h.Do(t.Context(), false, func() {}) }() // its place is free again
		synctest.Wait()
		release()
		if err := <-results; err != nil {
			t.Errorf("the next in the queue: %v", err)
		}
		if _, err := h.Hash(ctx, "correct horse battery"); !errors.Is(err, context.Canceled) {
			t.Errorf("Hash with an ended context = %v", err)
		}
	})
}

func TestAPanicGivesTheSlotBack(t *testing.T) {
	h := password.New(password.Config{Parallel: 1, Queue: -1})
	func() {
		defer func() { _ = recover() }()
		_ = h.Do(t.Context(), true, func() { panic("broken") })
	}()
	if err := h.Do(t.Context(), true, func() {}); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

package limit_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

func TestFairnessRefusesTheAttemptAfterTheLimit(t *testing.T) {
	clock := newClock()
	f := &limit.Fairness{Now: clock.Now}
	p := limit.Policy{Name: "me", Limit: 3, Window: time.Minute}
	for left := int64(2); left >= 0; left-- {
		ctx, r := limit.WithReport(t.Context())
		if err := f.Take(ctx, p, "ses_1"); err != nil {
			t.Fatal(err)
		}
		want := limit.State{Limit: 3, Remaining: left, ResetsAt: start.Add(time.Minute)}
		if got, ok := r.State(); !ok || got != want {
			t.Errorf("report %+v, want %+v", got, want)
		}
	}
	clock.advance(50*time.Second + time.Millisecond)
	ctx, r := limit.WithReport(t.Context())
	err := f.Take(ctx, p, "ses_1")
	if e := fault.From(err); !errors.Is(err, limit.ErrRateLimited) || e.RetryAfter != 10*time.Second {
		t.Errorf("got %v after %s, want a refusal for 10s", err, e.RetryAfter)
	}
	if got, _ := r.State(); got.Remaining != 0 {
		t.Errorf("report %+v, want nothing left", got)
	}
	if err := f.Take(t.Context(), p, "ses_2"); err != nil {
		t.Errorf("another subject: %v", err)
	}
	if err := f.Take(t.Context(), limit.Policy{Name: "logout", Limit: 1, Window: time.Minute}, "ses_1"); err != nil {
		t.Errorf("another budget: %v", err)
	}
	clock.advance(10 * time.Second)
	if err := f.Take(t.Context(), p, "ses_1"); err != nil {
		t.Errorf("the next window: %v", err)
	}
}

func TestFairnessLetsExactlyTheLimitThroughInParallel(t *testing.T) {
	f := &limit.Fairness{Now: newClock().Now}
	p := limit.Policy{Name: "me", Limit: 50, Window: time.Minute}
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			if f.Take(t.Context(), p, "ses_"+strconv.Itoa(i%2)) == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n != 100 {
		t.Errorf("%d passed, want 50 of each of two sessions", n)
	}
}

func TestFairnessMemoryIsBounded(t *testing.T) {
	clock := newClock()
	f := &limit.Fairness{Now: clock.Now}
	p := limit.Policy{Name: "me", Limit: 1, Window: time.Minute}
	_ = f.Take(t.Context(), p, "the oldest")
	const many = limit.MaxWindows + limit.MaxWindows/4 // enough to fill every shard
	for i := range many {
		_ = f.Take(t.Context(), p, strconv.Itoa(i))
	}
	if kept, found := f.Windows(); kept > limit.MaxWindows || found != kept {
		t.Errorf("%d windows kept, %d found, want at most %d of both", kept, found, limit.MaxWindows)
	}
	if err := f.Take(t.Context(), p, "the oldest"); err != nil {
		t.Errorf("the oldest window was not the one that went: %v", err)
	}
	if err := f.Take(t.Context(), p, strconv.Itoa(many-1)); err == nil {
		t.Error("the newest window is gone")
	}
	clock.advance(2 * time.Minute)
	before, _ := f.Windows()
	for i := range 1000 {
		_ = f.Take(t.Context(), p, "later "+strconv.Itoa(i))
	}
	if kept, _ := f.Windows(); kept > before-900 {
		t.Errorf("%d of %d windows kept long after the rush", kept, before)
	}
}

func TestFairnessForgetsTheOldestWindowNotTheOldestSubject(t *testing.T) {
	clock := newClock()
	f := &limit.Fairness{Now: clock.Now}
	p := limit.Policy{Name: "me", Limit: 1, Window: time.Minute}
	_ = f.Take(t.Context(), p, "the faithful")
	for i := range limit.MaxWindows + 1 {
		_ = f.Take(t.Context(), p, strconv.Itoa(i))
		if i == limit.MaxWindows/2 {
			clock.advance(time.Minute)
			_ = f.Take(t.Context(), p, "the faithful") // a new window
			clock.advance(time.Minute - 1)
		}
	}
	if err := f.Take(t.Context(), p, "the faithful"); err == nil {
		t.Error("a window that had just begun is gone")
	}
}

func TestFairnessThatIsOffAllowsEverything(t *testing.T) {
	f := &limit.Fairness{Now: newClock().Now, Off: true}
	ctx, r := limit.WithReport(t.Context())
	if err := f.Take(ctx, limit.Policy{}, "x"); err != nil {
		t.Error(err)
	}
	if _, ok := r.State(); ok {
		t.Error("a limit that is off reports")
	}
}

func TestReportKeepsTheTightestState(t *testing.T) {
	f := &limit.Fairness{Now: newClock().Now}
	ctx, r := limit.WithReport(t.Context())
	if _, ok := r.State(); ok {
		t.Error("a state before any limit")
	}
	for _, c := range []struct {
		policy limit.Policy
		want   int64
	}{
		{limit.Policy{Name: "a", Limit: 10, Window: time.Hour}, 10},
		{limit.Policy{Name: "b", Limit: 100, Window: 2 * time.Hour}, 10},
		{limit.Policy{Name: "c", Limit: 1, Window: time.Minute}, 1},
		{limit.Policy{Name: "d", Limit: 1, Window: time.Second}, 1},
	} {
		_ = f.Take(ctx, c.policy, "x")
		if got, _ := r.State(); got.Limit != c.want {
			t.Errorf("after %s: %+v, want the state of the limit of %d", c.policy.Name, got, c.want)
		}
	}
	if got, _ := r.State(); !got.ResetsAt.Equal(start.Add(time.Minute)) {
		t.Errorf("of two that are used up the report has the one that resets first: %+v", got)
	}
}

func BenchmarkFairnessTake(b *testing.B) {
	f := &limit.Fairness{Now: func() time.Time { return start }}
	p := limit.Policy{Name: "me", Limit: 1 << 40, Window: time.Minute}
	ctx, _ := limit.WithReport(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		_ = f.Take(ctx, p, "ses_0123456789ABCDEFGHIJKL")
	}
}

func BenchmarkFairnessTakeOfNewSubjects(b *testing.B) {
	f := &limit.Fairness{Now: func() time.Time { return start }}
	p := limit.Policy{Name: "me", Limit: 1 << 40, Window: time.Minute}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		_ = f.Take(b.Context(), p, strconv.Itoa(i))
	}
}

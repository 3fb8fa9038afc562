package limit_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestGuardRefusesTheAttemptAfterTheLimit(t *testing.T) {
	g, s, clock := newGuard(t)
	h := hit("login", 5, 15*time.Minute, "ada")
	for range 5 {
		if err := g.Take(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	clock.advance(14*time.Minute + 100*time.Millisecond)
	f := fault.From(g.Take(t.Context(), h))
	if f.Kind != fault.RateLimited || f.Code != "rate_limited" || !errors.Is(f, limit.ErrRateLimited) {
		t.Errorf("got %v, want rate_limited", f)
	}
	if f.RetryAfter != time.Minute {
		t.Errorf("RetryAfter = %s, want 59.9 s rounded up", f.RetryAfter)
	}
	clock.advance(59*time.Second + 899*time.Millisecond)
	if f := fault.From(g.Take(t.Context(), h)); f.RetryAfter != time.Second {
		t.Errorf("RetryAfter = %s one millisecond before the reset, want 1s", f.RetryAfter)
	}
	clock.advance(time.Millisecond)
	if err := g.Take(t.Context(), h); err != nil {
		t.Errorf("refused when the window was over: %v", err)
	}
	if hits, _, _ := s.calls(); hits != 6 {
		t.Errorf("%d writes, want 6: what is known to be used up costs none", hits)
	}
}

func TestGuardCountsEveryBudgetInOneCall(t *testing.T) {
	g, s, _ := newGuard(t)
	err := g.Take(t.Context(), hit("a", 5, time.Minute, "x"), hit("b", 50, time.Hour, "x"), hit("c", 50, time.Hour, "y"))
	if err != nil {
		t.Fatal(err)
	}
	if hits, _, moved := s.calls(); hits != 1 || moved != 3 {
		t.Errorf("%d calls moved %d counters, want 1 and 3", hits, moved)
	}
}

func TestGuardRefusesWhenAnyBudgetIsUsedUp(t *testing.T) {
	g, s, clock := newGuard(t)
	narrow, wide := hit("ip", 3, 15*time.Minute, "192.0.2.7"), hit("account", 50, time.Hour, "ada")
	for range 3 {
		if err := g.Take(t.Context(), wide, narrow); err != nil {
			t.Fatal(err)
		}
		clock.advance(time.Minute)
	}
	ctx, r := limit.WithReport(t.Context())
	f := fault.From(g.Take(ctx, wide, narrow))
	if f.Code != "rate_limited" || f.RetryAfter != 12*time.Minute {
		t.Fatalf("got %v after %s, want a refusal until the narrow budget resets", f, f.RetryAfter)
	}
	want := limit.State{Limit: 50, Remaining: 0, ResetsAt: start.Add(15 * time.Minute)}
	if got, ok := r.State(); !ok || got != want {
		t.Errorf("report %+v, want %+v", got, want)
	}
	for range 100 {
		_ = g.Take(t.Context(), wide, narrow)
	}
	if _, _, moved := s.calls(); moved != 6 {
		t.Errorf("counters moved %d times, want 6: one network must not eat up the account's budget", moved)
	}
	if err := g.Take(t.Context(), wide, hit("ip", 3, 15*time.Minute, "192.0.2.8")); err != nil {
		t.Errorf("another network is refused too: %v", err)
	}
}

func TestGuardLetsNoMoreThanTheLimitThroughInParallel(t *testing.T) {
	s, clock := newCounters(), newClock()
	nodes := []*limit.Guard{}
	for range 3 {
		nodes = append(nodes, &limit.Guard{Store: s, Now: clock.Now, Key: []byte("shared")})
	}
	var passed, refused atomic.Int64
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range 100 {
		wg.Go(func() {
			<-gate
			err := nodes[i%3].Take(t.Context(), hit("login", 5, time.Minute, "ada"), hit("ip", 50, time.Minute, "n"))
			if err == nil {
				passed.Add(1)
			} else if errors.Is(err, limit.ErrRateLimited) && fault.From(err).RetryAfter == time.Minute {
				refused.Add(1)
			}
		})
	}
	close(gate)
	wg.Wait()
	if passed.Load() != 5 || refused.Load() != 95 {
		t.Errorf("%d passed and %d were refused, want 5 and 95", passed.Load(), refused.Load())
	}
}

func TestGuardKeepsSubjectsOutOfTheStore(t *testing.T) {
	g, s, _ := newGuard(t)
	_ = g.Take(t.Context(), hit("login", 5, time.Minute, "ada@example.org"), hit("mail", 3, time.Minute, "ada@example.org"))
	other := &limit.Guard{Store: s, Now: g.Now, Key: []byte("another key")}
	_ = other.Take(t.Context(), hit("login", 5, time.Minute, "ada@example.org"))
	_ = g.Take(t.Context(), hit("login", 5, time.Minute, "bob@example.org"))
	for i, key := range s.hitKeys {
		if strings.Contains(key, "ada") || len(key) > 200 || slices.Contains(s.hitKeys[:i], key) {
			t.Errorf("counter key %q", key)
		}
		if name, mac, _ := strings.Cut(key, ":"); name == "mail" && strings.HasSuffix(s.hitKeys[0], mac) {
			t.Error("the counters of one person can be told to belong together")
		}
	}
	if err := (&limit.Guard{Store: s, Now: g.Now}).Take(t.Context(), hit("a", 1, time.Minute, "x")); err == nil {
		t.Error("a guard without a key counts")
	}
}

func TestGuardFailsClosed(t *testing.T) {
	g, s, _ := newGuard(t)
	s.fail = store.ErrUnavailable
	h := hit("login", 5, time.Minute, "ada")
	if err := g.Take(t.Context(), h); fault.From(err).Kind != fault.Unavailable {
		t.Errorf("Take: %v, want the store's error", err)
	}
	if _, err := g.Peek(t.Context(), h); fault.From(err).Kind != fault.Unavailable {
		t.Errorf("Peek: %v, want the store's error", err)
	}
	if err := g.Forget(t.Context(), h); fault.From(err).Kind != fault.Unavailable {
		t.Errorf("Forget: %v, want the store's error", err)
	}
}

func TestGuardForgets(t *testing.T) {
	g, _, _ := newGuard(t)
	h, other := hit("login", 2, time.Minute, "ada"), hit("ip", 9, time.Minute, "n")
	for range 2 {
		_ = g.Take(t.Context(), h, other)
	}
	if err := g.Forget(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if err := g.Take(t.Context(), h, other); err != nil {
		t.Errorf("refused after the budget was forgotten: %v", err)
	}
	if st, _ := g.Peek(t.Context(), other); st.Remaining != 6 {
		t.Errorf("the other budget has %d left, want 6: it was not forgotten", st.Remaining)
	}
}

func TestGuardFollowsAnotherNodeThatForgot(t *testing.T) {
	g, s, clock := newGuard(t)
	h := hit("login", 2, time.Hour, "ada")
	for range 3 {
		_ = g.Take(t.Context(), h)
	}
	other := &limit.Guard{Store: s, Now: clock.Now, Key: g.Key}
	if err := other.Forget(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	clock.advance(5 * time.Second)
	if err := g.Take(t.Context(), h); err != nil {
		t.Errorf("refused five seconds after another node forgot: %v", err)
	}
}

func TestGuardConfirmsWhatItRemembersByOneReadAtATime(t *testing.T) {
	g, s, clock := newGuard(t)
	h := hit("login", 1, time.Hour, "ada")
	_ = g.Take(t.Context(), h)
	clock.advance(5 * time.Second)
	for range 50 {
		if err := g.Take(t.Context(), h); !errors.Is(err, limit.ErrRateLimited) {
			t.Fatal(err)
		}
	}
	s.fail = store.ErrUnavailable
	clock.advance(5 * time.Second)
	for range 50 {
		if err := g.Take(t.Context(), h); !errors.Is(err, limit.ErrRateLimited) {
			t.Fatalf("got %v, want what is remembered to stand while the store is down", err)
		}
	}
	if hits, peeks, _ := s.calls(); hits != 1 || peeks != 2 {
		t.Errorf("%d writes and %d reads, want 1 and 2", hits, peeks)
	}
}

func TestGuardPeeksWithoutCounting(t *testing.T) {
	g, s, _ := newGuard(t)
	h := hit("login", 5, time.Minute, "ada")
	if st, err := g.Peek(t.Context(), h); err != nil || st != (limit.State{Limit: 5, Remaining: 5}) {
		t.Errorf("before: %+v, %v", st, err)
	}
	_ = g.Take(t.Context(), h)
	want := limit.State{Limit: 5, Remaining: 4, ResetsAt: start.Add(time.Minute)}
	if st, err := g.Peek(t.Context(), h); err != nil || st != want {
		t.Errorf("after: %+v, %v, want %+v", st, err, want)
	}
	if hits, _, _ := s.calls(); hits != 1 {
		t.Errorf("%d writes, want 1", hits)
	}
}

func TestGuardThatIsOffTouchesNothing(t *testing.T) {
	g, s, _ := newGuard(t)
	g.Off = true
	ctx, r := limit.WithReport(t.Context())
	h := hit("login", 1, time.Minute, "ada")
	for range 10 {
		if err := g.Take(ctx, h); err != nil {
			t.Fatal(err)
		}
	}
	st, err := g.Peek(ctx, h)
	if err != nil || st.Remaining != 1 || g.Forget(ctx, h) != nil {
		t.Errorf("peek %+v, %v", st, err)
	}
	if _, set := r.State(); set || len(s.hitKeys)+len(s.forgetKeys)+s.peeks != 0 {
		t.Error("a guard that is off reports or counts")
	}
}

func TestGuardNeverAllowsABudgetOfNothing(t *testing.T) {
	g, _, _ := newGuard(t)
	err := g.Take(t.Context(), hit("", 0, 0, ""))
	if !errors.Is(err, limit.ErrRateLimited) || fault.From(err).RetryAfter != time.Second {
		t.Errorf("the zero policy: %v, want a refusal for a second", err)
	}
}

func TestGuardRefusesEvenWhenTheStoreDoesNotSayUntilWhen(t *testing.T) {
	g, s, _ := newGuard(t)
	s.noReset = true
	h := hit("login", 1, time.Minute, "ada")
	_ = g.Take(t.Context(), h)
	if err := g.Take(t.Context(), h); !errors.Is(err, limit.ErrRateLimited) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestGuardForgetsOldMemories(t *testing.T) {
	g, _, clock := newGuard(t)
	for i := range limit.MaxSpent + 10 {
		g.Remember(strconv.Itoa(i), start.Add(time.Minute), start)
	}
	if n := g.Remembered(); n != limit.MaxSpent {
		t.Errorf("%d counters remembered, want the bound %d", n, limit.MaxSpent)
	}
	clock.advance(2 * time.Minute)
	_ = g.Take(t.Context(), hit("login", 1, time.Minute, "new"))
	if n := g.Remembered(); n != 1 {
		t.Errorf("%d counters remembered after all but one were over", n)
	}
}

func TestOverTellsByHowMuchAndRefusesNobody(t *testing.T) {
	g, s, clock := newGuard(t)
	h := hit("account", 3, time.Hour, "ada")
	ctx, r := limit.WithReport(t.Context())
	for want := int64(-2); want <= 4; want++ {
		if over, err := g.Over(ctx, h); err != nil || over != want {
			t.Errorf("got %d, %v, want %d", over, err, want)
		}
	}
	if _, set := r.State(); set {
		t.Error("a budget that refuses nobody is in the report")
	}
	clock.advance(time.Hour)
	if over, err := g.Over(ctx, h); err != nil || over != -2 {
		t.Errorf("the next window: %d, %v, want -2", over, err)
	}
	s.fail = store.ErrUnavailable
	if _, err := g.Over(ctx, h); fault.From(err).Kind != fault.Unavailable {
		t.Errorf("got %v, want the store's error", err)
	}
	if _, err := (&limit.Guard{Store: s, Now: clock.Now}).Over(ctx, h); err == nil {
		t.Error("a guard without a key counts")
	}
	g.Off = true
	if over, err := g.Over(ctx, h); err != nil || over != 0 {
		t.Errorf("off: %d, %v", over, err)
	}
}

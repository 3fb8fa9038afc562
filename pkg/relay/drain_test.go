package relay_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/relay"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

var errSMTP = errors.New("the mail server is away")

func TestDrainCarriesOutWhatIsDue(t *testing.T) {
	mail, audit := &recorder{}, &recorder{}
	later := consequence("mail", "m9")
	later.DueAt = start.Add(time.Second)
	r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle, "audit": audit.handle},
		consequence("mail", "m1"), consequence("audit", "a1"), consequence("mail", "m2"), later)
	if n, err := r.Drain(t.Context()); n != 3 || err != nil {
		t.Errorf("carried out %d, %v, want 3", n, err)
	}
	if diff := cmp.Diff([][]string{{"m1", "m2"}}, mail.seen()); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"a1"}}, audit.seen()); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
	if got := m.left(); !slices.Equal(got, []string{"m9"}) {
		t.Errorf("left %v, want what is not due yet", got)
	}
}

func TestDrainBatchesUpToAHundred(t *testing.T) {
	mail := &recorder{}
	var due []identity.Consequence
	for i := range 250 {
		due = append(due, consequence("mail", fmt.Sprintf("m%03d", i)))
	}
	r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle}, due...)
	if n, err := r.Drain(t.Context()); n != 250 || err != nil || len(m.left()) != 0 {
		t.Fatalf("carried out %d, %v, %d left", n, err, len(m.left()))
	}
	var sizes []int
	for _, b := range mail.seen() {
		sizes = append(sizes, len(b))
	}
	if !slices.Equal(sizes, []int{100, 100, 50}) {
		t.Errorf("batches of %v", sizes)
	}
}

func TestDrainGoesOnUntilNothingIsDue(t *testing.T) {
	mail := &recorder{}
	r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle},
		consequence("mail", "m1"), consequence("mail", "m2"), consequence("mail", "m3"))
	m.most = 1
	if n, err := r.Drain(t.Context()); n != 3 || err != nil {
		t.Errorf("carried out %d, %v, want all 3 of a store that hands out one at a time", n, err)
	}
}

func TestDrainGivesBackWhatItHasNoTimeFor(t *testing.T) {
	mail := &recorder{}
	r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle}, consequence("mail", "m1"))
	ctx, cancel := context.WithCancel(t.Context())
	m.claimed = cancel
	if n, err := r.Drain(ctx); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("carried out %d, %v", n, err)
	}
	if len(mail.seen()) != 0 || m.dueIn(t, "m1") != 0 {
		t.Errorf("%d calls, due in %s, want none and at once", len(mail.seen()), m.dueIn(t, "m1"))
	}
}

func TestDrainTriesAFailedBatchOneByOne(t *testing.T) {
	mail := &recorder{fail: func(ids []string) error {
		if slices.Contains(ids, "m2") {
			return errSMTP
		}
		return nil
	}}
	r, m, log := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle},
		consequence("mail", "m1"), consequence("mail", "m2"), consequence("mail", "m3"))
	if n, err := r.Drain(t.Context()); n != 2 || err != nil {
		t.Errorf("carried out %d, %v, want 2", n, err)
	}
	if diff := cmp.Diff([][]string{{"m1", "m2", "m3"}, {"m1"}, {"m2"}, {"m3"}}, mail.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := m.left(); !slices.Equal(got, []string{"m2"}) || m.dueIn(t, "m2") != time.Second {
		t.Errorf("left %v", got)
	}
	if s := log.String(); !strings.Contains(s, `"id":"m2"`) || !strings.Contains(s, errSMTP.Error()) || strings.Contains(s, private) {
		t.Errorf("log: %s", s)
	}
}

func TestDrainPostponesLongerEachTime(t *testing.T) {
	mail := &recorder{fail: func([]string) error { return errSMTP }}
	r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle}, consequence("mail", "m1"))
	var pauses []string
	for range 12 {
		if n, err := r.Drain(t.Context()); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		pause := m.dueIn(t, "m1")
		pauses = append(pauses, pause.String())
		m.advance(pause)
	}
	want := "1s 2s 4s 8s 16s 32s 1m4s 2m8s 4m16s 8m32s 10m0s 10m0s"
	if got := strings.Join(pauses, " "); got != want {
		t.Errorf("pauses %s, want %s", got, want)
	}
	if n := len(mail.seen()); n != 12 {
		t.Errorf("%d calls, want 12: a batch of one is not tried twice", n)
	}
}

func TestDrainDoesNotTryEverybodyDuringAnOutage(t *testing.T) {
	mail := &recorder{fail: func([]string) error { return errSMTP }}
	var due []identity.Consequence
	for i := range 20 {
		due = append(due, consequence("mail", fmt.Sprintf("m%02d", i)))
	}
	r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle}, due...)
	if n, err := r.Drain(t.Context()); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if n := len(mail.seen()); n != 4 {
		t.Errorf("%d calls, want the batch and three single tries", n)
	}
	for _, id := range m.left() {
		if m.dueIn(t, id) != time.Second {
			t.Errorf("%s is due in %s", id, m.dueIn(t, id))
		}
	}
	if n := len(m.left()); n != 20 {
		t.Errorf("%d left, want all 20", n)
	}
}

func TestDrainKeepsWhatItDoesNotKnow(t *testing.T) {
	audit := &recorder{}
	r, m, log := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"audit": audit.handle},
		consequence("from the future", "f1"), consequence("audit", "a1"))
	if n, err := r.Drain(t.Context()); n != 1 || err != nil {
		t.Errorf("carried out %d, %v, want 1", n, err)
	}
	if m.dueIn(t, "f1") != time.Second || !strings.Contains(log.String(), "no handler") || strings.Contains(log.String(), private) {
		t.Errorf("due in %s, log %s", m.dueIn(t, "f1"), log)
	}
}

func TestDrainContainsAPanic(t *testing.T) {
	mail := &recorder{fail: func(ids []string) error {
		if slices.Contains(ids, "m1") {
			panic(private)
		}
		return nil
	}}
	r, m, log := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle},
		consequence("mail", "m1"), consequence("mail", "m2"))
	if n, err := r.Drain(t.Context()); n != 1 || err != nil {
		t.Errorf("carried out %d, %v, want 1", n, err)
	}
	if m.dueIn(t, "m1") != time.Second {
		t.Error("what panicked is not postponed")
	}
	if s := log.String(); strings.Contains(s, private) || !strings.Contains(s, "panicked with a string") || !strings.Contains(s, "drain_test.go") {
		t.Errorf("log: %s", s)
	}
}

func TestDrainReportsWhatTheStoreSays(t *testing.T) {
	for _, method := range []string{"ClaimDue", "Settle", "Postpone"} {
		t.Run(method, func(t *testing.T) {
			mail := &recorder{fail: func(ids []string) error {
				if slices.Contains(ids, "m1") {
					return errSMTP
				}
				return nil
			}}
			r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle},
				consequence("mail", "m1"), consequence("mail", "m2"))
			m.fail(method, store.ErrUnavailable)
			if _, err := r.Drain(t.Context()); !errors.Is(err, store.ErrUnavailable) {
				t.Fatalf("got %v, want the store's error", err)
			}
			m.fail(method, nil)
			mail.fail = nil
			m.advance(time.Minute)
			if _, err := r.Drain(t.Context()); err != nil || len(m.left()) != 0 {
				t.Errorf("after the lease: %v, left %v", err, m.left())
			}
		})
	}
}

func TestManyRelaysCarryOutEachConsequenceOnce(t *testing.T) {
	var mu sync.Mutex
	times := map[string]int{}
	count := func(_ context.Context, batch []identity.Consequence) error {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range batch {
			times[c.ID]++
		}
		return nil
	}
	handlers := map[identity.ConsequenceKind]relay.Handler{"mail": count, "audit": count}
	r, m, _ := newRelay(t, handlers)
	for i := range 500 {
		_ = m.Record(t.Context(), consequence([]identity.ConsequenceKind{"mail", "audit"}[i%2], fmt.Sprintf("c%03d", i)))
	}
	var wg sync.WaitGroup
	for range 4 {
		node := &relay.Relay{Store: m, Handlers: handlers, Now: m.Now, Log: r.Log}
		for range 2 {
			wg.Go(func() {
				if _, err := node.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s was carried out %d times", id, n)
		}
	}
	if len(times) != 500 || len(m.left()) != 0 {
		t.Errorf("%d carried out, %d left", len(times), len(m.left()))
	}
}

func TestAHandlerIsNotCalledTwiceAtOnce(t *testing.T) {
	var mu sync.Mutex
	r, m, _ := newRelay(t, nil)
	r.Handlers = map[identity.ConsequenceKind]relay.Handler{"mail": func(context.Context, []identity.Consequence) error {
		if !mu.TryLock() {
			t.Error("two calls at once")
			return nil
		}
		defer mu.Unlock()
		for range 100 {
			runtime.Gosched()
		}
		return nil
	}}
	for i := range 300 {
		_ = m.Record(t.Context(), consequence("mail", fmt.Sprintf("m%03d", i)))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _, _ = r.Drain(t.Context()) })
	}
	wg.Wait()
}

package relay_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/relay"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// running starts the relay in a synctest bubble and returns what stops it.
func running(t *testing.T, r *relay.Relay) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func TestRunLooksEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := &recorder{}
		r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle})
		stop := running(t, r)
		defer stop()
		synctest.Wait()
		if m.claims != 1 {
			t.Fatalf("%d looks at the start, want 1", m.claims)
		}
		_ = m.Record(t.Context(), consequence("mail", "m1"))
		begun := time.Now()
		for len(m.left()) > 0 && time.Since(begun) < time.Minute {
			<-time.After(100 * time.Millisecond)
			synctest.Wait()
		}
		if d := time.Since(begun); d != time.Second {
			t.Errorf("carried out after %s, want 1s", d)
		}
	})
}

func TestWakeAsksForALookAndNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := &recorder{}
		r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle})
		r.Every = time.Hour
		for range 100 {
			r.Wake() // before Run: nobody listens yet
		}
		stop := running(t, r)
		defer stop()
		synctest.Wait()
		if m.claims != 2 {
			t.Errorf("%d looks, want the first and one for all calls", m.claims)
		}
		begun := time.Now()
		_ = m.Record(t.Context(), consequence("mail", "m1"))
		r.Wake()
		synctest.Wait()
		if len(m.left()) != 0 || time.Since(begun) != 0 {
			t.Errorf("left %v after %s", m.left(), time.Since(begun))
		}
	})
}

func TestRunFinishesTheBatchAtHandAndGivesTheRestBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inside, release := make(chan struct{}), make(chan struct{})
		var ctxErr error
		tries := 0
		r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{
			"mail": func(ctx context.Context, batch []identity.Consequence) error {
				if len(batch) > 1 {
					return errSMTP
				}
				tries++
				close(inside)
				<-release
				ctxErr = ctx.Err()
				return nil
			},
		}, consequence("mail", "m1"), consequence("mail", "m2"), consequence("mail", "m3"))
		stop := running(t, r)
		<-inside
		stopped := make(chan struct{})
		go func() { stop(); close(stopped) }()
		synctest.Wait()
		select {
		case <-stopped:
			t.Fatal("Run returned with a batch at hand")
		default:
		}
		close(release)
		<-stopped
		if ctxErr != nil || tries != 1 {
			t.Errorf("%d tries, the handler's context says %v", tries, ctxErr)
		}
		if got := m.left(); !slices.Equal(got, []string{"m2", "m3"}) || m.dueIn(t, "m2") != 0 || m.dueIn(t, "m3") != 0 {
			t.Errorf("left %v, want m2 and m3, due now", got)
		}
	})
}

func TestAHandlersTimeEndsWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls int
		r, m, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{
			"mail": func(ctx context.Context, _ []identity.Consequence) error {
				calls++
				<-ctx.Done()
				return ctx.Err()
			},
		}, consequence("mail", "m1"), consequence("mail", "m2"))
		r.Lease = 30 * time.Second
		begun := time.Now()
		if n, err := r.Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("carried out %d, %v", n, err)
		}
		if d := time.Since(begun); d != 30*time.Second || calls != 1 {
			t.Errorf("%d calls in %s, want 1 in 30s", calls, d)
		}
		if m.dueIn(t, "m1") != time.Second || m.dueIn(t, "m2") != time.Second {
			t.Error("what ran out of time is not postponed")
		}
	})
}

func TestOneKindDoesNotWaitForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		audited, mailed := make(chan struct{}), make(chan struct{})
		r, _, _ := newRelay(t, map[identity.ConsequenceKind]relay.Handler{
			"audit": func(context.Context, []identity.Consequence) error { close(audited); <-mailed; return nil },
			"mail":  func(context.Context, []identity.Consequence) error { close(mailed); <-audited; return nil },
		}, consequence("mail", "m1"), consequence("audit", "a1"))
		if n, err := r.Drain(t.Context()); n != 2 || err != nil {
			t.Errorf("carried out %d, %v, want 2", n, err)
		}
	})
}

func TestRunOutlivesAStoreThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mail := &recorder{}
		r, m, log := newRelay(t, map[identity.ConsequenceKind]relay.Handler{"mail": mail.handle}, consequence("mail", "m1"))
		m.fail("ClaimDue", store.ErrUnavailable)
		stop := running(t, r)
		defer stop()
		<-time.After(time.Minute + time.Millisecond)
		synctest.Wait()
		if n := strings.Count(log.String(), "cannot reach the store"); n != 1 || m.claims != 61 {
			t.Errorf("%d looks, logged %d times, want 61 and once", m.claims, n)
		}
		m.fail("ClaimDue", nil)
		<-time.After(time.Second)
		synctest.Wait()
		if len(m.left()) != 0 || !strings.Contains(log.String(), "reaches the store again") {
			t.Errorf("left %v, log %s", m.left(), log)
		}
	})
}

func TestDrainStopsWhenTheContextHasEnded(t *testing.T) {
	r, m, _ := newRelay(t, nil, consequence("mail", "m1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Drain(ctx); err == nil || m.claims != 0 {
		t.Errorf("%d claims, %v", m.claims, err)
	}
}

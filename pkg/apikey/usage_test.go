package apikey_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestLastUseIsWrittenByFlushAtMostOnceAMinute(t *testing.T) {
	s, m := newService()
	id, good := create(t, s)
	for _, step := range []struct {
		advance time.Duration
		touches int
		last    time.Time
	}{
		{1500 * time.Microsecond, 1, start.Add(time.Millisecond)},
		{0, 1, start.Add(time.Millisecond)},
		{30 * time.Second, 1, start.Add(time.Millisecond)},
		{30 * time.Second, 2, start.Add(time.Minute + time.Millisecond)},
		{59 * time.Second, 2, start.Add(time.Minute + time.Millisecond)},
		{time.Hour, 3, start.Add(time.Hour + 119*time.Second + time.Millisecond)},
	} {
		m.advance(step.advance)
		_, before := m.calls()
		for range 10 {
			if _, err := s.Authenticate(t.Context(), good); err != nil {
				t.Fatal(err)
			}
		}
		if _, touches := m.calls(); touches != before {
			t.Error("a request wrote")
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, touches := m.calls(); touches != step.touches || !m.rows[id].LastUsedAt.Equal(step.last) {
			t.Errorf("after another %s: %d writes, last used %s, want %d and %s",
				step.advance, touches, m.rows[id].LastUsedAt, step.touches, step.last)
		}
	}
}

func TestAUseThatAnotherNodeHasWrittenIsNotWrittenAgain(t *testing.T) {
	s, m := newService()
	there := node(m)
	_, good := create(t, s)
	for _, each := range []*apikey.Service{s, there} {
		_, _ = each.Authenticate(t.Context(), good)
		_ = each.Flush(t.Context())
		m.advance(30 * time.Second)
	}
	if _, touches := m.calls(); touches != 1 {
		t.Errorf("%d writes, want 1", touches)
	}
}

func TestFailedAttemptsAreNoUse(t *testing.T) {
	s, m := newService()
	id, _ := create(t, s)
	_, _ = s.Authenticate(t.Context(), opaque.NewFor("sk", id).String())
	_ = s.Flush(t.Context())
	if _, touches := m.calls(); touches != 0 {
		t.Error("an attempt with a wrong secret was noted as a use")
	}
}

func TestFlushKeepsWhatItCannotWrite(t *testing.T) {
	s, m := newService()
	id, good := create(t, s)
	_, _ = s.Authenticate(t.Context(), good)
	m.setFail(store.ErrUnavailable)
	if err := s.Flush(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want the store's error", err)
	}
	m.setFail(nil)
	if err := s.Flush(t.Context()); err != nil || !m.rows[id].LastUsedAt.Equal(start) {
		t.Errorf("last used %s, %v", m.rows[id].LastUsedAt, err)
	}
}

func TestFlushDropsWhatIsOver(t *testing.T) {
	s, m := newService()
	id, good := create(t, s)
	_, _ = s.Authenticate(t.Context(), good)
	delete(m.rows, id)
	if err := s.Flush(t.Context()); err != nil {
		t.Errorf("a key that is gone: %v", err)
	}
	m.advance(time.Minute)
	_ = s.Flush(t.Context())
	if _, _, _, uses := s.Held(); uses != 0 {
		t.Errorf("%d uses in memory", uses)
	}
	if _, touches := m.calls(); touches != 1 {
		t.Errorf("%d writes, want 1", touches)
	}
}

func TestRunFlushesEveryTenSecondsAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newService()
		id, good := create(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx) }()
		_, _ = s.Authenticate(t.Context(), good)
		synctest.Wait()
		if _, touches := m.calls(); touches != 0 {
			t.Fatal("written before its time")
		}
		<-time.After(10 * time.Second)
		synctest.Wait()
		if _, touches := m.calls(); touches != 1 {
			t.Fatalf("%d writes after ten seconds, want 1", touches)
		}
		m.advance(time.Minute)
		_, _ = s.Authenticate(t.Context(), good)
		cancel()
		<-done
		if !m.rows[id].LastUsedAt.Equal(start.Add(time.Minute)) {
			t.Errorf("last used %s: the last use was lost", m.rows[id].LastUsedAt)
		}
	})
}

func TestRunMakesExistingKeysKnownBeforeTheyAreUsed(t *testing.T) {
	_, m := newService()
	_, good := create(t, node(m))
	s := node(m)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Run(ctx)
	for range 500 {
		_, _ = s.Authenticate(t.Context(), opaque.New("sk").String())
	}
	if _, err := s.Authenticate(t.Context(), good); err != nil {
		t.Errorf("a key of before the start, first used during a flood: %v", err)
	}
	m.setFail(store.ErrUnavailable)
	node(m).Run(ctx) // must return although the store is down
}

func TestRevoke(t *testing.T) {
	s, m := newService()
	id, _ := create(t, s)
	m.advance(1500 * time.Microsecond)
	for range 2 {
		if err := s.Revoke(t.Context(), identity.Actor{CLI: true}, id); err != nil {
			t.Fatalf("revoking, and revoking again: %v", err)
		}
	}
	want := identity.Event{At: start.Add(time.Millisecond), Type: "api_key_revoked", Actor: "cli", Subject: "key:" + id}
	got := m.events(t)
	if len(got) != 2 {
		t.Fatalf("%d events, want one of the making and one of the revocation", len(got))
	}
	if diff := cmp.Diff(want, got[1]); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	err := s.Revoke(t.Context(), admin, "nobody")
	if f := fault.From(err); f.Kind != fault.NotFound || f.Code != "not_found" || !errors.Is(err, apikey.ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
}

func TestRevokeOfUnknownOutcomeBelievesNothing(t *testing.T) {
	s, m := newService()
	id, good := create(t, s)
	_, _ = s.Authenticate(t.Context(), good)
	m.setFail(store.ErrUnavailable)
	if err := s.Revoke(t.Context(), admin, id); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want the store's error", err)
	}
	if _, err := s.Authenticate(t.Context(), good); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v: the key may be revoked, so what was read before does not count", err)
	}
}

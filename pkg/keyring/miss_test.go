package keyring_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestUnknownKeysCauseOneReadInTenSeconds(t *testing.T) {
	r, m, c := open(t)
	flood := func(kid func(int) string) int64 {
		before := m.reads.Load()
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 500 {
					if _, ok := r.PublicKey(kid(g*500 + i)); ok {
						t.Error("an unknown key was found")
					}
				}
			})
		}
		wg.Wait()
		return m.reads.Load() - before
	}
	random := func(i int) string { return fmt.Sprint("kid-", i) }
	steps := []struct {
		name string
		move time.Duration
		want int64
	}{
		{"the first flood", 0, 1},
		{"a second one just before ten seconds are over", 10*time.Second - time.Millisecond, 0},
		{"one after ten seconds", time.Millisecond, 1},
		{"one after the clock went back a year", -366 * day, 1},
		{"another right after that", time.Second, 0},
	}
	for _, s := range steps {
		c.add(s.move)
		if got := flood(random); got != s.want {
			t.Errorf("%s: %d reads, want %d", s.name, got, s.want)
		}
	}
	m.fail(func(string) error { return store.ErrUnavailable })
	c.add(time.Minute)
	if got := flood(random); got != 1 {
		t.Errorf("with the store down: %d reads, want 1", got)
	}
}

func TestKnownKeysCauseNoRead(t *testing.T) {
	r, m, c := open(t)
	first := signer(r)
	c.add(time.Second)
	_, err := r.Rotate(t.Context(), true)
	must(t, err)
	reads := m.reads.Load()
	c.add(day) // the first key is retired, and still in the set
	if _, ok := r.PublicKey(first); ok || m.reads.Load() != reads {
		t.Error("a retired key verifies, or took a read")
	}
	revoked := signer(r)
	_, err = r.Revoke(t.Context(), revoked)
	must(t, err)
	before := m.reads.Load()
	if _, ok := r.PublicKey(revoked); ok {
		t.Error("a revoked key verifies")
	}
	if n := m.reads.Load() - before; n != 0 {
		t.Errorf("%d reads", n)
	}
}

func TestUnknownKeyOfAnotherNodeIsFoundAtOnce(t *testing.T) {
	r, m, c := open(t)
	other := second(t, r, m, c)
	done, err := other.Rotate(t.Context(), true)
	must(t, err)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, ok := r.PublicKey(done.KID); !ok {
				t.Error("the other node's key is unknown")
			}
		})
	}
	wg.Wait()
}

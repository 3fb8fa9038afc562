package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// tally counts how often each consequence was handed out.
type tally struct {
	mu   sync.Mutex
	seen map[string]int
}

func (t *tally) add(due ...store.Due) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = map[string]int{}
	}
	for _, d := range due {
		t.seen[d.ID]++
	}
}

// once ends the check unless exactly these ids were handed out, each once.
func (t *tally) once(k *kit, ids []string) {
	k.Helper()
	got := make([]string, 0, len(t.seen))
	for id, n := range t.seen {
		if n != 1 {
			k.Errorf("%s was handed out %d times", id, n)
		}
		got = append(got, id)
	}
	slices.Sort(got)
	slices.Sort(ids)
	k.equal("what was handed out", got, ids)
}

func claimRace(k *kit) {
	var ids []string
	id := func(format string, n int) string { return fmt.Sprintf(format, n) }
	for n := range 10 {
		a, b, c, d, e := id("a%d", n), id("b%d", n), id("c%d", n), id("d%d", n), id("e%d", n)
		ids = append(ids, a, b, c, d, e)
		k.createUser(newUser(id("u%d", n)), follows(a), follows(b), follows(c))
		k.ok(k.s.StartSession(k.ctx, newSession(id("s%d", n), "u"), follows(d)))
		k.ok(k.s.Record(k.ctx, follows(e)))
	}
	var got tally
	k.all(race(20, func(int) error {
		for range len(ids) {
			due, err := k.s.ClaimDue(k.ctx, at(0), lease, 7)
			if err != nil || len(due) == 0 {
				return err
			}
			got.add(due...)
		}
		return errors.New("there is always something due")
	}))
	got.add(k.claim(at(0))...) // a claimer may have left early because others were ahead of it
	got.once(k, ids)
}

// The updater claims as well, so that updates and claims alternate even when the claimers
// come too late.
func updatesAgainstClaims(k *kit) {
	var ids []string
	for n := range 40 {
		ids = append(ids, fmt.Sprintf("c%02d", n))
	}
	k.createUser(newUser("u"))
	var got tally
	var over atomic.Bool
	k.all(race(4, func(i int) error {
		if i > 0 {
			for !over.Load() {
				if err := claimSome(k, &got); err != nil {
					return err
				}
			}
			return nil
		}
		defer over.Store(true)
		for n, id := range ids {
			u := newUser("u", email(id+"@example.com"))
			u.Rev = int64(n + 1)
			if err := k.s.UpdateUser(k.ctx, u, follows(id)); err != nil {
				return fmt.Errorf("update %d: %w", n, err)
			}
			if n%5 == 4 {
				if err := claimSome(k, &got); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	got.add(k.claim(at(0))...)
	got.once(k, ids)
	k.equal("the revision", k.user("u").Rev, int64(41))
}

// claimSome claims a few consequences, settles the first and postpones the others by a year.
func claimSome(k *kit, got *tally) error {
	due, err := k.s.ClaimDue(k.ctx, at(0), lease, 3)
	if err != nil {
		return err
	}
	got.add(due...)
	for n, d := range due {
		if n == 0 {
			err = k.s.Settle(k.ctx, d)
		} else {
			err = k.s.Postpone(k.ctx, d, at(365*24*time.Hour))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

package mongo_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

func TestOneOfAHundredRegistrationsOnTwoNodesGetsTheName(t *testing.T) {
	c := &clock{now: start}
	uri := mongotest.URI(t)
	nodes := []*mongo.Store{open(t, uri, c.Now), open(t, uri, c.Now)}
	k := &kit{T: t, Store: nodes[0], clock: c}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		won  []string
		gate = make(chan struct{})
	)
	for i := range 100 {
		wg.Go(func() {
			<-gate
			id := fmt.Sprintf("u%d", i)
			err := nodes[i%2].CreateUser(t.Context(), user(id, "a@example.com"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, id)
			} else if !errors.Is(err, store.ErrExists) {
				t.Errorf("%s: %v", id, err)
			}
		})
	}
	close(gate)
	wg.Wait()
	if len(won) != 1 || !slices.Equal(k.userIDs(), won) {
		t.Fatalf("%q won, and there are %q", won, k.userIDs())
	}
	k.holds(won[0], "a@example.com")
	k.tidy()
}

func TestARegistrationCutShortAnywhereLeavesTheNameFreeOrItsOwn(t *testing.T) {
	for _, c := range []struct {
		step   string
		exists bool // the account has come to be
	}{
		{mongo.StepClaimed, false},
		{mongo.StepWritten, true},
		{mongo.StepConfirmed, true},
	} {
		for _, swept := range []bool{false, true} {
			t.Run(fmt.Sprintf("when the %s, swept %t", c.step, swept), func(t *testing.T) {
				k := newKit(t)
				k.during(c.step, func() error { return errCrash })
				k.refused(k.CreateUser(t.Context(), user("u1", "a@example.com", "b@example.com")), errCrash)
				k.refused(k.CreateUser(t.Context(), user("u2", "a@example.com")), store.ErrExists)
				k.clock.advance(store.ClaimTimeout)
				k.refused(k.CreateUser(t.Context(), user("u2", "a@example.com")), store.ErrExists)
				if k.clock.advance(time.Millisecond); swept {
					k.tidy()
				}
				err := k.CreateUser(t.Context(), user("u2", "a@example.com"))
				if c.exists {
					k.refused(err, store.ErrExists)
					k.holds("u1", "a@example.com")
					k.holds("u1", "b@example.com")
				} else {
					k.ok(err)
					k.holds("u2", "a@example.com")
					k.holds("", "b@example.com")
				}
				k.tidy()
			})
		}
	}
}

func TestAChangeOfAddressCutShortAnywhereLeavesOneNameToTheUser(t *testing.T) {
	for _, c := range []struct{ step, kept, free string }{
		{mongo.StepClaimed, "old@example.com", "new@example.com"},
		{mongo.StepWritten, "new@example.com", "old@example.com"},
		{mongo.StepConfirmed, "new@example.com", "old@example.com"},
	} {
		for _, swept := range []bool{false, true} {
			t.Run(fmt.Sprintf("when the %s, swept %t", c.step, swept), func(t *testing.T) {
				k := newKit(t)
				k.ok(k.CreateUser(t.Context(), user("u1", "old@example.com")))
				k.clock.advance(24 * time.Hour)
				k.during(c.step, func() error { return errCrash })
				k.refused(k.UpdateUser(t.Context(), user("u1", "new@example.com")), errCrash)
				k.holds("u1", c.kept)
				k.holds("", c.free)
				if k.clock.advance(store.ClaimTimeout + time.Millisecond); swept {
					k.tidy()
				}
				k.refused(k.CreateUser(t.Context(), user("u2", c.kept)), store.ErrExists)
				k.ok(k.CreateUser(t.Context(), user("u2", c.free)))
				k.holds("u1", c.kept)
				k.holds("u2", c.free)
				k.tidy()
			})
		}
	}
}

func TestARemovalCutShortAnywhereKeepsTheAccountOrFreesItsName(t *testing.T) {
	for _, c := range []struct {
		step string
		gone bool
	}{{mongo.StepClaimed, false}, {mongo.StepWritten, true}} {
		t.Run("when the "+c.step, func(t *testing.T) {
			k := newKit(t)
			k.ok(k.CreateUser(t.Context(), user("u1", "a@example.com"), identity.Consequence{ID: "c", DueAt: start}))
			k.during(c.step, func() error { return errCrash })
			k.refused(k.RemoveUser(t.Context(), "u1", 1), errCrash)
			if c.gone {
				k.holds("", "a@example.com")
				k.clock.advance(store.ClaimTimeout + time.Millisecond)
				k.ok(k.CreateUser(t.Context(), user("u2", "a@example.com")))
			} else {
				k.holds("u1", "a@example.com")
				k.ok(k.RemoveUser(t.Context(), "u1", 1))
			}
			k.tidy()
			due, err := k.ClaimDue(t.Context(), start, time.Hour, 10)
			k.ok(err)
			if len(due) != 1 || due[0].ID != "c" {
				t.Fatalf("%v is due, want c once", due)
			}
		})
	}
}

func TestARegistrarWhoStalledAndLostTheNameMakesNoSecondAccount(t *testing.T) {
	k := newKit(t)
	k.during(mongo.StepClaimed, func() error {
		k.clock.advance(store.ClaimTimeout + time.Millisecond)
		return k.CreateUser(t.Context(), user("fast", "b@example.com"))
	})
	slow := user("slow", "a@example.com", "b@example.com")
	k.refused(k.CreateUser(t.Context(), slow, identity.Consequence{ID: "c", DueAt: start}), store.ErrExists)
	k.holds("fast", "b@example.com")
	k.holds("", "a@example.com")
	if got := k.userIDs(); !slices.Equal(got, []string{"fast"}) {
		t.Fatalf("there are %q, want fast alone", got)
	}
	due, err := k.ClaimDue(t.Context(), start, time.Hour, 10)
	if err != nil || len(due) != 0 {
		t.Fatalf("%v is due of an account that was taken back (error %v)", due, err)
	}
	k.ok(k.CreateUser(t.Context(), user("third", "a@example.com")))
	k.tidy()
}

func TestARegistrarWhoseClaimsWereSweptMakesNoAccountWithoutAName(t *testing.T) {
	k := newKit(t)
	k.during(mongo.StepClaimed, func() error { k.tidy(); return nil })
	k.refused(k.CreateUser(t.Context(), user("slow", "a@example.com")), store.ErrExists)
	k.ok(k.CreateUser(t.Context(), user("slow", "a@example.com")))
	k.tidy()
}

func TestARegistrarWhoStalledBeforeConfirmingKeepsTheName(t *testing.T) {
	k := newKit(t)
	k.during(mongo.StepWritten, func() error {
		k.tidy()
		k.refused(k.CreateUser(t.Context(), user("fast", "a@example.com")), store.ErrExists)
		return nil
	})
	k.ok(k.CreateUser(t.Context(), user("slow", "a@example.com")))
	k.holds("slow", "a@example.com")
	k.tidy()
}

func TestAnUpdateThatStalledAndLostTheNameIsUndone(t *testing.T) {
	k := newKit(t)
	before := user("slow", "old@example.com")
	before.Email, before.PasswordHash = "old@example.com", "$argon2id$"
	k.ok(k.CreateUser(t.Context(), before, identity.Consequence{ID: "first", DueAt: start}))
	k.during(mongo.StepClaimed, func() error {
		k.clock.advance(store.ClaimTimeout + time.Millisecond)
		return k.CreateUser(t.Context(), user("fast", "new@example.com"))
	})
	change := user("slow", "kept@example.com", "new@example.com")
	change.Email = "new@example.com"
	k.refused(k.UpdateUser(t.Context(), change, identity.Consequence{ID: "second", DueAt: start}), store.ErrExists)
	got, err := k.User(t.Context(), "slow")
	k.ok(err)
	before.Rev = got.Rev
	if d := cmp.Diff(before, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("the user differs from before (-want +got):\n%s", d)
	}
	due, err := k.ClaimDue(t.Context(), start, time.Hour, 10)
	if err != nil || len(due) != 1 || due[0].ID != "first" {
		t.Fatalf("%v is due (error %v), want first alone", due, err)
	}
	k.holds("fast", "new@example.com")
	k.holds("slow", "old@example.com")
	k.ok(k.CreateUser(t.Context(), user("third", "kept@example.com")))
	k.tidy()
}

func TestAnUpdateWhoseClaimWasSweptMakesItAnew(t *testing.T) {
	k := newKit(t)
	k.ok(k.CreateUser(t.Context(), user("u", "old@example.com")))
	k.during(mongo.StepWritten, func() error { k.dropClaims("new@example.com"); return nil })
	k.ok(k.UpdateUser(t.Context(), user("u", "new@example.com")))
	k.holds("u", "new@example.com")
	k.refused(k.CreateUser(t.Context(), user("u2", "new@example.com")), store.ErrExists)
	k.tidy()
}

// The first update's release comes when the user has the name again.
func TestALateReleaseDoesNotTakeANameThatTheUserTookBack(t *testing.T) {
	k := newKit(t)
	k.ok(k.CreateUser(t.Context(), user("u", "a@example.com")))
	k.during(mongo.StepConfirmed, func() error {
		back := user("u", "a@example.com")
		back.Rev = 2
		return k.UpdateUser(t.Context(), back)
	})
	k.ok(k.UpdateUser(t.Context(), user("u", "b@example.com")))
	k.holds("u", "a@example.com")
	k.holds("", "b@example.com")
	k.tidy()
}

// A slow update finds its name claimed by a faster one of the same user, which has succeeded.
func TestAStaleUpdateLeavesTheNameOfTheOneThatWon(t *testing.T) {
	k := newKit(t)
	k.ok(k.CreateUser(t.Context(), user("u", "a@example.com")))
	k.during(mongo.StepClaimed, func() error { return k.UpdateUser(t.Context(), user("u", "b@example.com")) })
	k.refused(k.UpdateUser(t.Context(), user("u", "b@example.com")), store.ErrStale)
	k.holds("u", "b@example.com")
	k.refused(k.CreateUser(t.Context(), user("u2", "b@example.com")), store.ErrExists)
	k.ok(k.CreateUser(t.Context(), user("u2", "a@example.com")))
	k.tidy()
}

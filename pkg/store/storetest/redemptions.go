package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func redemptions() []promise {
	return []promise{
		{"ReserveUse takes a use for the user and returns the invitation without it", reserveUse},
		{"ReserveUse with another code hash, or of no invitation, is ErrStale", reserveUseWrongCode},
		{"ReserveUse of a revoked invitation is ErrStale", reserveUseRevoked},
		{"ReserveUse is ErrStale from ExpiresAt on, and not before", reserveUseExpired},
		{"ReserveUse when none is left is ErrStale", reserveUseNoneLeft},
		{"ReserveUse for a user who holds a use is ErrStale and takes no second one", reserveUseTwice},
		{"of 100 concurrent ReserveUse on a single-use invitation exactly one succeeds", reserveSingleUseRace},
		{"of 100 concurrent ReserveUse on an invitation for five exactly five succeed", reserveFiveUsesRace},
		{"ConfirmUse makes a use final, and again is no error", confirmUse},
		{"ConfirmUse holds for an invitation that was revoked or has expired since", confirmUseOfDead},
		{"ConfirmUse of a use that is not there is ErrNotFound", confirmUseNotFound},
		{"FreeUse gives a reserved use back once", freeUse},
		{"FreeUse of a confirmed use is ErrStale and changes nothing", freeUseConfirmed},
		{"FreeUse of a use that is not there is no error and gives nothing back", freeUseNone},
		{"of 20 concurrent FreeUse of one use one gives it back", freeUseRace},
		{"of ConfirmUse and FreeUse at once exactly one happens", confirmAgainstFree},
		{"uses that are reserved, confirmed and freed at once all count", redemptionsAtOnce},
		{"StaleUses returns invitations with a use reserved before t and not confirmed", staleUses},
		{"StaleUses returns at most limit invitations", staleUsesLimit},
	}
}

// reserve takes a use of the invitation, a second into the test.
func (k *kit) reserve(id, userID string) identity.Invitation {
	k.Helper()
	i, err := k.s.ReserveUse(k.ctx, id, codeOf(id), userID, at(time.Second))
	k.ok(err)
	return i
}

// uses ends the check unless the invitation has so many left and these uses, in any order.
func (k *kit) uses(id string, left int64, want ...identity.Use) {
	k.Helper()
	got := k.invitation(id)
	byUser := func(a, b identity.Use) int { return strings.Compare(a.UserID, b.UserID) }
	slices.SortFunc(got.Uses, byUser)
	slices.SortFunc(want, byUser)
	k.equal("the uses", got.Uses, want)
	k.equal("how many are left", got.Left, left)
}

func reserved(userID string) identity.Use { return identity.Use{UserID: userID, At: at(time.Second)} }

func confirmed(userID string) identity.Use {
	return identity.Use{UserID: userID, At: at(time.Second), Confirmed: true}
}

func reserveUse(k *kit) {
	want := newInvitation("i", 3)
	k.invite(want, newInvitation("other", 1))
	for n, id := range []string{"u1", "u2"} {
		got := k.reserve("i", id)
		want.Left, want.Uses = int64(2-n), append(want.Uses, reserved(id))
		k.uses("i", want.Left, want.Uses...)
		k.equal("what it returned", got, k.invitation("i"))
		got.Uses = want.Uses
		k.equal("the invitation but for the order of its uses", got, want)
	}
	k.uses("other", 1)
}

// refusesUse ends the check unless a reservation of the invitation i is refused and changes
// nothing.
func (k *kit) refusesUse(code []byte, userID string, now time.Time) {
	k.Helper()
	before := k.invitation("i")
	_, err := k.s.ReserveUse(k.ctx, "i", code, userID, now)
	k.refused(err, store.ErrStale)
	k.equal("the invitation", k.invitation("i"), before)
}

func reserveUseWrongCode(k *kit) {
	k.invite(newInvitation("i", 1), newInvitation("other", 1))
	k.refusesUse(codeOf("other"), "u", at(0))
	k.refusesUse(nil, "u", at(0))
	k.refusesUse(codeOf("i")[:4], "u", at(0))
	_, err := k.s.ReserveUse(k.ctx, "none", codeOf("i"), "u", at(0))
	k.refused(err, store.ErrStale)
	_, err = k.s.Invitation(k.ctx, "none")
	k.refused(err, store.ErrNotFound)
}

func reserveUseRevoked(k *kit) {
	k.invite(newInvitation("i", 1))
	k.ok(k.s.RevokeInvitation(k.ctx, "i", at(time.Second)))
	k.refusesUse(codeOf("i"), "u", at(time.Minute))
	k.refusesUse(codeOf("i"), "u", at(0)) // a clock that is behind does not bring it back
}

func reserveUseExpired(k *kit) {
	i := newInvitation("i", 1)
	k.invite(i)
	k.refusesUse(codeOf("i"), "u", i.ExpiresAt)
	k.refusesUse(codeOf("i"), "u", i.ExpiresAt.Add(time.Millisecond))
	_, err := k.s.ReserveUse(k.ctx, "i", codeOf("i"), "u", i.ExpiresAt.Add(-time.Millisecond))
	k.ok(err)
}

func reserveUseNoneLeft(k *kit) {
	k.invite(newInvitation("i", 2))
	k.reserve("i", "u1")
	k.reserve("i", "u2")
	k.refusesUse(codeOf("i"), "u3", at(time.Second))
	k.ok(k.s.ConfirmUse(k.ctx, "i", "u1"))
	k.refusesUse(codeOf("i"), "u3", at(time.Second))
}

func reserveUseTwice(k *kit) {
	k.invite(newInvitation("i", 3))
	k.reserve("i", "u")
	k.refusesUse(codeOf("i"), "u", at(time.Minute))
	k.ok(k.s.ConfirmUse(k.ctx, "i", "u"))
	k.refusesUse(codeOf("i"), "u", at(time.Minute))
	k.ok(k.s.FreeUse(k.ctx, "i", "other"))
	k.uses("i", 2, confirmed("u"))
}

func reserveSingleUseRace(k *kit) { reserveRace(k, 1) }

func reserveFiveUsesRace(k *kit) { reserveRace(k, 5) }

func reserveRace(k *kit, max int) {
	k.invite(newInvitation("i", int64(max)))
	user := func(i int) string { return fmt.Sprintf("u%02d", i) }
	errs := race(100, func(i int) error {
		got, err := k.s.ReserveUse(k.ctx, "i", codeOf("i"), user(i), at(time.Second))
		if err == nil && !slices.Contains(got.Uses, reserved(user(i))) {
			return errors.New("the invitation it returned lacks the use")
		}
		return err
	})
	var want []identity.Use
	for _, i := range k.winners(errs, max, store.ErrStale) {
		want = append(want, reserved(user(i)))
	}
	k.uses("i", 0, want...)
}

func confirmUse(k *kit) {
	k.invite(newInvitation("i", 3))
	k.reserve("i", "u1")
	k.reserve("i", "u2")
	for range 2 {
		k.ok(k.s.ConfirmUse(k.ctx, "i", "u1"))
		k.uses("i", 1, confirmed("u1"), reserved("u2"))
	}
}

func confirmUseOfDead(k *kit) {
	k.invite(newInvitation("i", 2))
	k.reserve("i", "u1")
	k.ok(k.s.RevokeInvitation(k.ctx, "i", at(time.Minute)))
	k.ok(k.s.ConfirmUse(k.ctx, "i", "u1"))
	k.uses("i", 1, confirmed("u1"))
}

func confirmUseNotFound(k *kit) {
	k.invite(newInvitation("i", 2), newInvitation("other", 1))
	k.reserve("other", "u")
	k.refused(k.s.ConfirmUse(k.ctx, "i", "u"), store.ErrNotFound)
	k.refused(k.s.ConfirmUse(k.ctx, "none", "u"), store.ErrNotFound)
	k.reserve("i", "u")
	k.ok(k.s.FreeUse(k.ctx, "i", "u"))
	k.refused(k.s.ConfirmUse(k.ctx, "i", "u"), store.ErrNotFound)
	k.uses("i", 2)
	k.uses("other", 0, reserved("u"))
}

func freeUse(k *kit) {
	k.invite(newInvitation("i", 2))
	k.reserve("i", "u1")
	k.reserve("i", "u2")
	for range 2 {
		k.ok(k.s.FreeUse(k.ctx, "i", "u1"))
		k.uses("i", 1, reserved("u2"))
	}
	k.reserve("i", "u1")
	k.uses("i", 0, reserved("u1"), reserved("u2"))
}

func freeUseConfirmed(k *kit) {
	k.invite(newInvitation("i", 2))
	k.reserve("i", "u")
	k.ok(k.s.ConfirmUse(k.ctx, "i", "u"))
	k.refused(k.s.FreeUse(k.ctx, "i", "u"), store.ErrStale)
	k.uses("i", 1, confirmed("u"))
}

func freeUseNone(k *kit) {
	k.invite(newInvitation("i", 2), newInvitation("other", 1))
	k.reserve("other", "u")
	k.ok(k.s.FreeUse(k.ctx, "i", "u"))
	k.ok(k.s.FreeUse(k.ctx, "none", "u"))
	k.uses("i", 2)
	k.uses("other", 0, reserved("u"))
}

func freeUseRace(k *kit) {
	for round := range 5 {
		id := fmt.Sprintf("i%d", round)
		k.invite(newInvitation(id, 5))
		k.reserve(id, "u1")
		k.reserve(id, "u2")
		k.all(race(20, func(int) error { return k.s.FreeUse(k.ctx, id, "u1") }))
		k.uses(id, 4, reserved("u2"))
	}
}

func confirmAgainstFree(k *kit) {
	for round := range 10 {
		id := fmt.Sprintf("i%d", round)
		k.invite(newInvitation(id, 3))
		k.reserve(id, "u")
		errs := race(2, func(i int) error {
			if i == 0 {
				return k.s.ConfirmUse(k.ctx, id, "u")
			}
			return k.s.FreeUse(k.ctx, id, "u")
		})
		if errs[0] == nil {
			k.refused(errs[1], store.ErrStale)
			k.uses(id, 2, confirmed("u"))
		} else {
			k.refused(errs[0], store.ErrNotFound)
			k.ok(errs[1])
			k.uses(id, 3)
		}
	}
}

func redemptionsAtOnce(k *kit) {
	k.invite(newInvitation("i", 100))
	user := func(i int) string { return fmt.Sprintf("u%02d", i) }
	k.all(race(40, func(i int) error {
		if _, err := k.s.ReserveUse(k.ctx, "i", codeOf("i"), user(i), at(time.Second)); err != nil {
			return err
		}
		if i%2 == 0 {
			return k.s.ConfirmUse(k.ctx, "i", user(i))
		}
		return k.s.FreeUse(k.ctx, "i", user(i))
	}))
	var want []identity.Use
	for i := 0; i < 40; i += 2 {
		want = append(want, confirmed(user(i)))
	}
	k.uses("i", 80, want...)
}

func (k *kit) staleUses(t time.Time, limit int) []string {
	k.Helper()
	list, err := k.s.StaleUses(k.ctx, t, limit)
	k.ok(err)
	var ids []string
	for _, i := range list {
		k.equal("the invitation it returned", i, k.invitation(i.ID))
		ids = append(ids, i.ID)
	}
	slices.Sort(ids)
	return ids
}

func staleUses(k *kit) {
	k.invite(newInvitation("unused", 2), newInvitation("open", 3), newInvitation("used up", 1),
		newInvitation("revoked", 1), newInvitation("done", 1), newInvitation("freed", 1), newInvitation("young", 3))
	for _, id := range []string{"open", "used up", "revoked", "done", "freed", "young"} {
		k.reserve(id, "u")
	}
	k.ok(k.s.RevokeInvitation(k.ctx, "revoked", at(time.Minute)))
	k.ok(k.s.ConfirmUse(k.ctx, "done", "u"))
	k.ok(k.s.FreeUse(k.ctx, "freed", "u"))
	// An old use that is confirmed beside a young one that is not makes nothing stale.
	k.ok(k.s.ConfirmUse(k.ctx, "young", "u"))
	_, err := k.s.ReserveUse(k.ctx, "young", codeOf("young"), "u2", at(time.Hour))
	k.ok(err)
	_, err = k.s.ReserveUse(k.ctx, "open", codeOf("open"), "u2", at(time.Hour))
	k.ok(err)

	k.equal("those stale just after", k.staleUses(at(time.Second+time.Millisecond), 20), []string{"open", "revoked", "used up"})
	k.equal("those stale at the same time", k.staleUses(at(time.Second), 20), []string{})
	k.equal("those stale much later", k.staleUses(at(48*time.Hour), 20), []string{"open", "revoked", "used up", "young"})
}

func staleUsesLimit(k *kit) {
	for n := range 5 {
		id := fmt.Sprintf("i%d", n)
		k.invite(newInvitation(id, 1))
		k.reserve(id, "u")
	}
	for limit, want := range map[int]int{1: 1, 4: 4, 5: 5, 9: 5} {
		if got := k.staleUses(at(time.Minute), limit); len(got) != want {
			k.Fatalf("%d invitations with limit %d, want %d", len(got), limit, want)
		}
	}
}

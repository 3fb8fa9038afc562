package storetest

import (
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func invitations() []promise {
	return []promise{
		{"CreateInvitation stores an invitation and never replaces one", createInvitation},
		{"of 50 concurrent CreateInvitation with one id exactly one succeeds", createInvitationRace},
		{"an invitation that is not there is ErrNotFound", invitationNotFound},
		{"InvitationByCode finds an invitation by the code it has now and by no other", invitationByCode},
		{"ReissueInvitation sets the code, the expiry and the time of issue, and returns the result", reissueInvitation},
		{"ReissueInvitation kills the old code at once", reissueKillsOldCode},
		{"ReissueInvitation of a revoked or used up invitation is ErrStale and changes nothing", reissueStale},
		{"ReissueInvitation of no invitation is ErrNotFound", reissueNotFound},
		{"a use is taken by the code of before or after a racing reissue, never by a dead one", reissueRace},
		{"RevokeInvitation revokes once: the second time is ErrStale and changes nothing", revokeInvitation},
		{"of 50 concurrent RevokeInvitation exactly one succeeds", revokeInvitationRace},
		{"the revocation of an invitation is not undone by reservations that race it", revokeAgainstReservations},
		{"Invitations filters by state at Now: revoked beats used, used beats expired", invitationStates},
		{"Invitations is in the order of CreatedAt and ID, both descending, and pages without gaps", invitationPages},
		{"Invitations pages through those of one state", invitationPagesOfState},
	}
}

func (k *kit) invite(list ...identity.Invitation) {
	k.Helper()
	for _, i := range list {
		k.ok(k.s.CreateInvitation(k.ctx, i))
	}
}

func createInvitation(k *kit) {
	i := newInvitation("i", 3)
	k.invite(i, newInvitation("other", 1))
	k.equal("the invitation", k.invitation("i"), i)
	k.refused(k.s.CreateInvitation(k.ctx, newInvitation("i", 9)), store.ErrExists)
	k.equal("the invitation", k.invitation("i"), i)
}

func createInvitationRace(k *kit) {
	id := func(i int) string { return fmt.Sprintf("c%d", i) }
	errs := race(50, func(i int) error {
		return k.s.CreateInvitation(k.ctx, newInvitation("i", int64(i+1)), follows(id(i)))
	})
	won := k.winners(errs, 1, store.ErrExists)[0]
	k.equal("the invitation", k.invitation("i"), newInvitation("i", int64(won+1)))
	k.due(at(0), id(won))
}

func invitationNotFound(k *kit) {
	k.invite(newInvitation("i", 1))
	for _, id := range []string{"", "I", "i ", "x", "' OR '1'='1", `{"$ne":null}`} {
		_, err := k.s.Invitation(k.ctx, id)
		k.refused(err, store.ErrNotFound)
	}
}

func invitationByCode(k *kit) {
	k.invite(newInvitation("i", 2), newInvitation("other", 1))
	find := func(code []byte) (string, error) {
		i, err := k.s.InvitationByCode(k.ctx, code)
		return i.ID, err
	}
	id, err := find(codeOf("i"))
	k.ok(err)
	k.equal("what its code finds", id, "i")
	_, err = k.reissue("i", "new", at(time.Second))
	k.ok(err)
	_, err = find(codeOf("i"))
	k.refused(err, store.ErrNotFound)
	k.ok(k.s.RevokeInvitation(k.ctx, "i", at(time.Second)))
	found, err := k.s.InvitationByCode(k.ctx, codeOf("new"))
	k.ok(err)
	k.equal("a revoked one", found, k.invitation("i"))
	for _, code := range [][]byte{nil, {}, codeOf("none"), codeOf("new")[:8], append(codeOf("new"), 0)} {
		_, err = find(code)
		k.refused(err, store.ErrNotFound)
	}
}

func (k *kit) reissue(id, code string, now time.Time) (identity.Invitation, error) {
	return k.s.ReissueInvitation(k.ctx, id, codeOf(code), now, now.Add(time.Hour), follows(code))
}

func reissueInvitation(k *kit) {
	want := newInvitation("i", 3)
	k.invite(want, newInvitation("other", 1))
	k.reserve("i", "u")
	want = k.invitation("i")
	late := want.ExpiresAt.Add(time.Minute) // an expired invitation may be issued again
	got, err := k.reissue("i", "new", late)
	k.ok(err)
	want.CodeHash, want.LastIssueAt, want.ExpiresAt = codeOf("new"), late, late.Add(time.Hour)
	k.equal("what it returned", got, want)
	k.equal("the invitation", k.invitation("i"), want)
	k.equal("the other invitation", k.invitation("other"), newInvitation("other", 1))
}

func reissueKillsOldCode(k *kit) {
	k.invite(newInvitation("i", 2))
	_, err := k.reissue("i", "new", at(time.Second))
	k.ok(err)
	_, err = k.s.ReserveUse(k.ctx, "i", codeOf("i"), "u1", at(time.Minute))
	k.refused(err, store.ErrStale)
	_, err = k.s.ReserveUse(k.ctx, "i", codeOf("new"), "u2", at(time.Minute))
	k.ok(err)
}

func reissueStale(k *kit) {
	k.invite(newInvitation("revoked", 1), newInvitation("used", 1))
	k.ok(k.s.RevokeInvitation(k.ctx, "revoked", at(time.Second)))
	k.reserve("used", "u")
	for _, id := range []string{"revoked", "used"} {
		before := k.invitation(id)
		_, err := k.reissue(id, "new", at(time.Minute))
		k.refused(err, store.ErrStale)
		k.equal("the invitation", k.invitation(id), before)
	}
	k.due(at(time.Hour))
}

func reissueNotFound(k *kit) {
	_, err := k.reissue("none", "new", at(0))
	k.refused(err, store.ErrNotFound)
	_, err = k.s.Invitation(k.ctx, "none")
	k.refused(err, store.ErrNotFound)
	k.due(at(time.Hour))
}

func reissueRace(k *kit) {
	for round := range 5 {
		id := fmt.Sprintf("i%d", round)
		k.invite(newInvitation(id, 20))
		errs := race(11, func(i int) error {
			if i == 0 {
				_, err := k.reissue(id, id+" again", at(time.Second))
				return err
			}
			_, err := k.s.ReserveUse(k.ctx, id, codeOf(id), fmt.Sprintf("u%d", i), at(time.Second))
			return err
		})
		k.ok(errs[0])
		got, uses := k.invitation(id), int64(0)
		for _, err := range errs[1:] {
			if err == nil {
				uses++
			} else {
				k.refused(err, store.ErrStale)
			}
		}
		want := newInvitation(id, 20)
		want.CodeHash, want.LastIssueAt, want.ExpiresAt = codeOf(id+" again"), at(time.Second), at(time.Hour+time.Second)
		want.Left, want.Uses = 20-uses, got.Uses
		k.equal("the invitation", got, want)
		k.equal("how many uses it has", int64(len(got.Uses)), uses)
	}
}

func revokeInvitation(k *kit) {
	want := newInvitation("i", 1)
	k.invite(want, newInvitation("other", 1))
	k.reserve("i", "u")
	want = k.invitation("i")
	k.ok(k.s.RevokeInvitation(k.ctx, "i", at(time.Second), follows("first")))
	want.RevokedAt = at(time.Second)
	k.equal("the invitation", k.invitation("i"), want)
	k.refused(k.s.RevokeInvitation(k.ctx, "i", at(time.Minute), follows("second")), store.ErrStale)
	k.equal("the invitation", k.invitation("i"), want)
	k.equal("the other invitation", k.invitation("other"), newInvitation("other", 1))
	k.refused(k.s.RevokeInvitation(k.ctx, "none", at(time.Minute), follows("third")), store.ErrNotFound)
	k.due(at(time.Hour), "first")
}

func revokeInvitationRace(k *kit) {
	k.invite(newInvitation("i", 1))
	id := func(i int) string { return fmt.Sprintf("c%d", i) }
	errs := race(50, func(i int) error {
		return k.s.RevokeInvitation(k.ctx, "i", at(time.Duration(i)*time.Second), follows(id(i)))
	})
	won := k.winners(errs, 1, store.ErrStale)[0]
	k.equal("the time", k.invitation("i").RevokedAt, at(time.Duration(won)*time.Second))
	k.due(at(0), id(won))
}

func revokeAgainstReservations(k *kit) {
	for round := range 5 {
		id := fmt.Sprintf("i%d", round)
		k.invite(newInvitation(id, 20))
		errs := race(11, func(i int) error {
			if i == 0 {
				return k.s.RevokeInvitation(k.ctx, id, at(time.Second))
			}
			_, err := k.s.ReserveUse(k.ctx, id, codeOf(id), fmt.Sprintf("u%d", i), at(time.Second))
			return err
		})
		k.ok(errs[0])
		uses := 0
		for _, err := range errs[1:] {
			if err == nil {
				uses++
			} else {
				k.refused(err, store.ErrStale)
			}
		}
		got := k.invitation(id)
		if got.RevokedAt.IsZero() || len(got.Uses) != uses || got.Left != int64(20-uses) {
			k.Fatalf("revoked at %v with %d uses and %d left, after %d reservations of 20",
				got.RevokedAt, len(got.Uses), got.Left, uses)
		}
	}
}

func (k *kit) listed(f store.InvitationFilter) []string {
	k.Helper()
	list, err := k.s.Invitations(k.ctx, f)
	k.ok(err)
	ids := make([]string, len(list))
	for n, i := range list {
		k.equal("the listed invitation", i, k.invitation(i.ID))
		ids[n] = i.ID
	}
	return ids
}

func invitationStates(k *kit) {
	for n, c := range []struct {
		id                     string
		used, expired, revoked bool
	}{
		{"pending", false, false, false},
		{"used", true, false, false},
		{"expired", false, true, false},
		{"used expired", true, true, false},
		{"revoked", false, false, true},
		{"revoked used", true, false, true},
		{"revoked expired", false, true, true},
		{"revoked used expired", true, true, true},
	} {
		i := newInvitation(c.id, 2)
		i.CreatedAt = at(-time.Duration(n) * time.Second)
		if c.used {
			i.Left, i.Uses = 0, []identity.Use{{UserID: "a", At: at(0)}, {UserID: "b", At: at(0), Confirmed: true}}
		}
		if c.expired {
			i.ExpiresAt = at(time.Hour)
		}
		if c.revoked {
			i.RevokedAt = at(time.Second)
		}
		k.invite(i)
	}
	revoked := []string{"revoked", "revoked used", "revoked expired", "revoked used expired"}
	used := []string{"used", "used expired"}
	for _, c := range []struct {
		state identity.InvitationState
		now   time.Time
		want  []string
	}{
		{identity.InvitationPending, at(time.Hour), []string{"pending"}},
		{identity.InvitationPending, at(time.Hour - time.Millisecond), []string{"pending", "expired"}},
		{identity.InvitationExpired, at(time.Hour), []string{"expired"}},
		{identity.InvitationExpired, at(time.Hour - time.Millisecond), nil},
		{identity.InvitationUsed, at(time.Hour), used},
		{identity.InvitationRevoked, at(time.Hour), revoked},
		{"", at(time.Hour), append([]string{"pending", "used", "expired", "used expired"}, revoked...)},
	} {
		got := k.listed(store.InvitationFilter{State: c.state, Now: c.now, Limit: 20})
		k.equal(fmt.Sprintf("the list of state %q at %v", c.state, c.now), got, c.want)
	}
}

// pages returns the ids of all pages of f, which are of f.Limit but for the last.
func (k *kit) pages(f store.InvitationFilter) []string {
	k.Helper()
	var all []string
	for {
		page := k.listed(f)
		if len(page) > f.Limit {
			k.Fatalf("a page of %d, the limit is %d", len(page), f.Limit)
		}
		if all = append(all, page...); len(page) < f.Limit || len(all) > 100 {
			return all
		}
		f.BeforeID = page[len(page)-1]
		f.Before = k.invitation(f.BeforeID).CreatedAt
	}
}

func invitationPages(k *kit) {
	var want []string
	for _, c := range []struct { // newest first
		age int
		id  string
	}{{0, "d"}, {0, "Z"}, {1, "z"}, {1, "c"}, {1, "b"}, {1, "a"}, {1, "B"}, {1, "9"}, {2, "zz"}, {3, "e"}} {
		want = append(want, c.id)
		i := newInvitation(c.id, 1)
		i.CreatedAt = at(-time.Duration(c.age) * time.Millisecond)
		i.ExpiresAt = at(time.Duration(c.age) * time.Hour)
		k.invite(i)
	}
	for _, limit := range []int{1, 3, 4, 10, 50} {
		got := k.pages(store.InvitationFilter{Now: at(0), Limit: limit})
		k.equal(fmt.Sprintf("the ids in pages of %d", limit), got, want)
	}
}

func invitationPagesOfState(k *kit) {
	var want []string
	for n := range 12 {
		i := newInvitation(fmt.Sprintf("i%02d", 11-n), 1)
		if n%3 == 0 {
			i.RevokedAt = at(0)
		} else {
			want = append(want, i.ID)
		}
		k.invite(i)
	}
	got := k.pages(store.InvitationFilter{State: identity.InvitationPending, Now: at(0), Limit: 3})
	k.equal("the pending ones in pages of 3", got, want)
}

package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func invitationBugs() []bug {
	return []bug{
		{"CreateInvitation replaces an invitation", func(m *memory) store.Store { return inviteReplaces{m} }, []string{
			"invitations/CreateInvitation stores an invitation and never replaces one",
			"invitations/of 50 concurrent CreateInvitation with one id exactly one succeeds"}},
		{"Invitation of an unknown id is the zero invitation", func(m *memory) store.Store { return invitationZero{m} }, []string{
			"invitations/an invitation that is not there is ErrNotFound"}},
		{"InvitationByCode of an unknown code is the zero invitation", func(m *memory) store.Store { return codeZero{m} }, []string{
			"invitations/InvitationByCode finds an invitation by the code it has now and by no other"}},
		{"InvitationByCode takes the beginning of a code for it", func(m *memory) store.Store { return codeByPrefix{m} }, []string{
			"invitations/InvitationByCode finds an invitation by the code it has now and by no other"}},
		{"ReissueInvitation does not write LastIssueAt", func(m *memory) store.Store { return reissueForgets{m} }, []string{
			"invitations/ReissueInvitation sets the code, the expiry and the time of issue, and returns the result"}},
		{"ReissueInvitation keeps the old code", func(m *memory) store.Store { return reissueKeepsCode{m} }, []string{
			"invitations/ReissueInvitation kills the old code at once"}},
		{"ReissueInvitation gives codes to dead invitations", func(m *memory) store.Store { return reissueRevives{m} }, []string{
			"invitations/ReissueInvitation of a revoked or used up invitation is ErrStale and changes nothing"}},
		{"ReissueInvitation of no invitation is ErrStale", func(m *memory) store.Store { return reissueNotFound{m} }, []string{
			"invitations/ReissueInvitation of no invitation is ErrNotFound"}},
		{"ReissueInvitation reads and writes in two steps", func(m *memory) store.Store { return racyReissue{m, newSignal(), newSignal()} }, []string{
			"invitations/a use is taken by the code of before or after a racing reissue, never by a dead one"}},
		{"RevokeInvitation revokes again", func(m *memory) store.Store { return revokeAgain{m} }, []string{
			"invitations/RevokeInvitation revokes once: the second time is ErrStale and changes nothing",
			"invitations/of 50 concurrent RevokeInvitation exactly one succeeds"}},
		{"used beats revoked", func(m *memory) store.Store { return usedFirst{m} }, []string{
			"invitations/Invitations filters by state at Now: revoked beats used, used beats expired"}},
		{"a page leaves out those created at Before", func(m *memory) store.Store { return pageByTime{m} }, []string{
			"invitations/Invitations is in the order of CreatedAt and ID, both descending, and pages without gaps",
			"invitations/Invitations pages through those of one state"}},
		{"a page is cut before it is filtered", func(m *memory) store.Store { return cutsFirst{m} }, []string{
			"invitations/Invitations pages through those of one state"}},
	}
}

func redemptionBugs() []bug {
	return []bug{
		{"ReserveUse returns the invitation of before", func(m *memory) store.Store { return reserveReturnsOld{m} }, []string{
			"redemptions/ReserveUse takes a use for the user and returns the invitation without it",
			"redemptions/of 100 concurrent ReserveUse on a single-use invitation exactly one succeeds"}},
		{"ReserveUse ignores the code hash", reserveUnless("code"), []string{
			"redemptions/ReserveUse with another code hash, or of no invitation, is ErrStale",
			"invitations/ReissueInvitation kills the old code at once"}},
		{"ReserveUse ignores the revocation", reserveUnless("revoked"), []string{
			"redemptions/ReserveUse of a revoked invitation is ErrStale"}},
		{"ReserveUse accepts ExpiresAt itself", reserveUnless("expired"), []string{
			"redemptions/ReserveUse is ErrStale from ExpiresAt on, and not before"}},
		{"ReserveUse ignores how many are left", reserveUnless("left"), []string{
			"redemptions/ReserveUse when none is left is ErrStale",
			"redemptions/of 100 concurrent ReserveUse on a single-use invitation exactly one succeeds",
			"redemptions/of 100 concurrent ReserveUse on an invitation for five exactly five succeed"}},
		{"ReserveUse gives a user two", reserveUnless("twice"), []string{
			"redemptions/ReserveUse for a user who holds a use is ErrStale and takes no second one"}},
		{"ReserveUse checks and writes in two steps", func(m *memory) store.Store { return racyReserve{m} }, []string{
			"redemptions/of 100 concurrent ReserveUse on a single-use invitation exactly one succeeds",
			"redemptions/of 100 concurrent ReserveUse on an invitation for five exactly five succeed",
			"redemptions/uses that are reserved, confirmed and freed at once all count",
			"invitations/the revocation of an invitation is not undone by reservations that race it"}},
		{"ConfirmUse again is ErrStale", func(m *memory) store.Store { return confirmOnce{m} }, []string{
			"redemptions/ConfirmUse makes a use final, and again is no error"}},
		{"ConfirmUse refuses revoked invitations", func(m *memory) store.Store { return confirmLive{m} }, []string{
			"redemptions/ConfirmUse holds for an invitation that was revoked or has expired since"}},
		{"ConfirmUse and FreeUse do not mind each other", func(m *memory) store.Store { return confirmBlind{m} }, []string{
			"redemptions/ConfirmUse of a use that is not there is ErrNotFound",
			"redemptions/FreeUse of a confirmed use is ErrStale and changes nothing",
			"redemptions/of ConfirmUse and FreeUse at once exactly one happens"}},
		{"FreeUse gives back whether there is a use or not", func(m *memory) store.Store { return freeAlways{m} }, []string{
			"redemptions/FreeUse gives a reserved use back once",
			"redemptions/FreeUse of a use that is not there is no error and gives nothing back",
			"redemptions/of 20 concurrent FreeUse of one use one gives it back"}},
		{"StaleUses returns those reserved at t", func(m *memory) store.Store { return staleAtOnce{m} }, []string{
			"redemptions/StaleUses returns invitations with a use reserved before t and not confirmed"}},
		{"StaleUses has no limit", func(m *memory) store.Store { return staleUnlimited{m} }, []string{
			"redemptions/StaleUses returns at most limit invitations"}},
	}
}

type inviteReplaces struct{ *memory }

func (b inviteReplaces) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	return b.step(ctx, func() error {
		b.invitations[i.ID] = clone(i)
		b.record(i.ID, also)
		return nil
	})
}

type invitationZero struct{ *memory }

func (b invitationZero) Invitation(ctx context.Context, id string) (identity.Invitation, error) {
	return found(b.memory.Invitation(ctx, id))
}

type codeZero struct{ *memory }

func (b codeZero) InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error) {
	return found(b.memory.InvitationByCode(ctx, codeHash))
}

type codeByPrefix struct{ *memory }

func (b codeByPrefix) InvitationByCode(ctx context.Context, codeHash []byte) (identity.Invitation, error) {
	for _, i := range b.invitations {
		if len(codeHash) > 0 && bytes.HasPrefix(i.CodeHash, codeHash) {
			return clone(i), nil
		}
	}
	return b.memory.InvitationByCode(ctx, codeHash)
}

type reissueForgets struct{ *memory }

func (b reissueForgets) ReissueInvitation(ctx context.Context, id string, codeHash []byte, _, expiresAt time.Time, also ...identity.Consequence) (identity.Invitation, error) {
	return b.memory.ReissueInvitation(ctx, id, codeHash, b.invitations[id].LastIssueAt, expiresAt, also...)
}

type reissueKeepsCode struct{ *memory }

func (b reissueKeepsCode) ReissueInvitation(ctx context.Context, id string, _ []byte, at, expiresAt time.Time, also ...identity.Consequence) (identity.Invitation, error) {
	return b.memory.ReissueInvitation(ctx, id, b.invitations[id].CodeHash, at, expiresAt, also...)
}

type reissueRevives struct{ *memory }

func (b reissueRevives) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, _ ...identity.Consequence) (got identity.Invitation, err error) {
	err = change(ctx, b.memory, b.invitations, id, func(i *identity.Invitation) error {
		i.CodeHash, i.LastIssueAt, i.ExpiresAt = codeHash, at, expiresAt
		return nil
	})
	return got, err
}

type reissueNotFound struct{ *memory }

func (b reissueNotFound) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (identity.Invitation, error) {
	i, err := b.memory.ReissueInvitation(ctx, id, codeHash, at, expiresAt, also...)
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrStale
	}
	return i, err
}

// racyReissue reads the invitation, waits until somebody has reserved a use, and writes it
// back without that use.
type racyReissue struct {
	*memory
	read, reserved *signal
}

func (b racyReissue) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (i identity.Invitation, err error) {
	err = racy(b.memory, func(m *memory) error {
		b.read.give()
		<-b.reserved.c
		i, err = m.ReissueInvitation(ctx, id, codeHash, at, expiresAt, also...)
		return err
	})
	return i, err
}

func (b racyReissue) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (identity.Invitation, error) {
	<-b.read.c
	defer b.reserved.give()
	return b.memory.ReserveUse(ctx, id, codeHash, userID, at)
}

type revokeAgain struct{ *memory }

func (b revokeAgain) RevokeInvitation(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return change(ctx, b.memory, b.invitations, id, func(i *identity.Invitation) error {
		i.RevokedAt = at
		b.record(id, also)
		return nil
	})
}

type usedFirst struct{ *memory }

func (b usedFirst) Invitations(ctx context.Context, f store.InvitationFilter) ([]identity.Invitation, error) {
	return list(ctx, b.memory, b.invitations, f.Limit, func(i identity.Invitation) bool {
		if i.Left == 0 {
			return f.State == "" || f.State == identity.InvitationUsed
		}
		return f.State == "" || i.State(f.Now) == f.State
	}, newestFirst)
}

type pageByTime struct{ *memory }

func (b pageByTime) Invitations(ctx context.Context, f store.InvitationFilter) ([]identity.Invitation, error) {
	f.BeforeID = ""
	return b.memory.Invitations(ctx, f)
}

type cutsFirst struct{ *memory }

func (b cutsFirst) Invitations(ctx context.Context, f store.InvitationFilter) (got []identity.Invitation, err error) {
	state := f.State
	f.State = ""
	all, err := b.memory.Invitations(ctx, f)
	for _, i := range all {
		if state == "" || i.State(f.Now) == state {
			got = append(got, i)
		}
	}
	return got, err
}

type reserveReturnsOld struct{ *memory }

func (b reserveReturnsOld) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (identity.Invitation, error) {
	old, _ := b.Invitation(ctx, id)
	_, err := b.memory.ReserveUse(ctx, id, codeHash, userID, at)
	return old, err
}

// reserveUnless seeds a store whose ReserveUse leaves one of its conditions out.
func reserveUnless(left string) func(m *memory) store.Store {
	return func(m *memory) store.Store { return reserveBlind{m, left} }
}

type reserveBlind struct {
	*memory
	to string // the condition that it does not see
}

func (b reserveBlind) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (got identity.Invitation, err error) {
	err = change(ctx, b.memory, b.invitations, id, func(i *identity.Invitation) error {
		switch {
		case b.to != "code" && string(i.CodeHash) != string(codeHash),
			b.to != "revoked" && !i.RevokedAt.IsZero(),
			b.to != "expired" && !at.Before(i.ExpiresAt),
			at.After(i.ExpiresAt),
			b.to != "left" && i.Left == 0,
			b.to != "twice" && useOf(*i, userID) >= 0:
			return store.ErrStale
		}
		i.Left--
		i.Uses = append(i.Uses, identity.Use{UserID: userID, At: at})
		got = clone(*i)
		return nil
	})
	return got, err
}

type racyReserve struct{ *memory }

func (b racyReserve) ReserveUse(ctx context.Context, id string, codeHash []byte, userID string, at time.Time) (i identity.Invitation, err error) {
	err = racy(b.memory, func(m *memory) error {
		i, err = m.ReserveUse(ctx, id, codeHash, userID, at)
		return err
	})
	return i, err
}

type confirmOnce struct{ *memory }

func (b confirmOnce) ConfirmUse(ctx context.Context, id, userID string) error {
	i, err := b.Invitation(ctx, id)
	if n := useOf(i, userID); err == nil && n >= 0 && i.Uses[n].Confirmed {
		return store.ErrStale
	}
	return b.memory.ConfirmUse(ctx, id, userID)
}

type confirmLive struct{ *memory }

func (b confirmLive) ConfirmUse(ctx context.Context, id, userID string) error {
	if i, err := b.Invitation(ctx, id); err == nil && !i.RevokedAt.IsZero() {
		return store.ErrStale
	}
	return b.memory.ConfirmUse(ctx, id, userID)
}

type confirmBlind struct{ *memory }

func (b confirmBlind) ConfirmUse(ctx context.Context, id, userID string) error {
	_, err := found(id, b.memory.ConfirmUse(ctx, id, userID))
	return err
}

func (b confirmBlind) FreeUse(ctx context.Context, id, userID string) error {
	return change(ctx, b.memory, b.invitations, id, func(i *identity.Invitation) error {
		if n := useOf(*i, userID); n >= 0 {
			i.Left, i.Uses = i.Left+1, append(i.Uses[:n], i.Uses[n+1:]...)
		}
		return nil
	})
}

type freeAlways struct{ *memory }

func (b freeAlways) FreeUse(ctx context.Context, id, userID string) error {
	return change(ctx, b.memory, b.invitations, id, func(i *identity.Invitation) error {
		i.Left++
		if n := useOf(*i, userID); n >= 0 {
			i.Uses = append(i.Uses[:n], i.Uses[n+1:]...)
		}
		return nil
	})
}

type staleAtOnce struct{ *memory }

func (b staleAtOnce) StaleUses(ctx context.Context, t time.Time, limit int) ([]identity.Invitation, error) {
	return b.memory.StaleUses(ctx, t.Add(time.Millisecond), limit)
}

type staleUnlimited struct{ *memory }

func (b staleUnlimited) StaleUses(ctx context.Context, t time.Time, _ int) ([]identity.Invitation, error) {
	return b.memory.StaleUses(ctx, t, 1000)
}

package storetest_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func auditBugs() []bug {
	return []bug{
		{"LastAudit of an empty log is the zero entry", func(m *memory) store.Store { return lastZero{m} }, []string{
			"auditlog/LastAudit is ErrNotFound while the log is empty"}},
		{"AppendAudit turns a batch round", func(m *memory) store.Store { return appendsBackwards{m} }, []string{
			"auditlog/AppendAudit stores entries in order, and LastAudit returns the last"}},
		{"AppendAudit stores what lies behind a taken Seq", func(m *memory) store.Store { return appendsRest{m} }, []string{
			"auditlog/AppendAudit at a taken Seq is ErrExists and stores nothing"}},
		{"AppendAudit checks and writes in two steps", func(m *memory) store.Store { return racyAppend{m} }, []string{
			"auditlog/of 20 concurrent AppendAudit at one Seq exactly one succeeds and the others store nothing",
			"auditlog/writers that begin again after ErrExists leave one chain with each event once"}},
		{"AuditRecorded says yes to all", func(m *memory) store.Store { return recordedAll{m} }, []string{
			"auditlog/AuditRecorded returns which events the log holds"}},
		{"AuditEntries begins behind from", func(m *memory) store.Store { return entriesBehind{m} }, []string{
			"auditlog/AuditEntries pages through the log from any Seq, in order"}},
	}
}

func upkeepBugs() []bug {
	return []bug{
		{"Describe says nothing", func(m *memory) store.Store { return silent{m} }, []string{
			"upkeep/Ping of a store that answers is nil, and Describe says something"}},
		{"Sweep counts what it has not removed", func(m *memory) store.Store { return sweepBoasts{m} }, []string{
			"upkeep/Sweep of an empty store removes nothing"}},
		{"Sweep removes sessions a moment early", func(m *memory) store.Store { return sweepsEarly{m} }, []string{
			"upkeep/Sweep removes sessions that ended or expired more than RetainSessions ago, and no others",
			"upkeep/Sweep removes counters whose window is over, and no others",
			"upkeep/Sweep removes mailed invitations that expired untaken more than RetainInvitations ago, and no others"}},
		{"Sweep removes mailed invitations whoever took them", func(m *memory) store.Store { return sweepsTaken{m} }, []string{
			"upkeep/Sweep removes mailed invitations that expired untaken more than RetainInvitations ago, and no others"}},
		{"Sweep removes provisional users", func(m *memory) store.Store { return sweepsProvisional{m} }, []string{
			"upkeep/Sweep removes tombstones, and no other users"}},
		{"Sweep ignores what is outstanding", func(m *memory) store.Store { return sweepsOutstanding{m} }, []string{
			"upkeep/Sweep keeps a record until its last consequence is settled"}},
		{"Sweep removes dead invitations", func(m *memory) store.Store { return sweepsInvitations{m} }, []string{
			"upkeep/Sweep keeps invitations, API keys, the key set, the audit log and what is due",
			"upkeep/Sweep removes mailed invitations that expired untaken more than RetainInvitations ago, and no others"}},
		{"Sweep reads and removes in two steps", func(m *memory) store.Store { return racySweep{m} }, []string{
			"upkeep/concurrent Sweep removes each record once"}},
	}
}

type lastZero struct{ *memory }

func (b lastZero) LastAudit(ctx context.Context) (identity.AuditEntry, error) {
	return found(b.memory.LastAudit(ctx))
}

type appendsBackwards struct{ *memory }

func (b appendsBackwards) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	entries = slices.Clone(entries)
	slices.Reverse(entries)
	return b.memory.AppendAudit(ctx, entries...)
}

type appendsRest struct{ *memory }

func (b appendsRest) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	err := b.memory.AppendAudit(ctx, entries...)
	for _, e := range entries {
		if errors.Is(err, store.ErrExists) && e.Seq > int64(len(b.log)) {
			_ = b.memory.AppendAudit(ctx, e)
		}
	}
	return err
}

type racyAppend struct{ *memory }

func (b racyAppend) AppendAudit(ctx context.Context, entries ...identity.AuditEntry) error {
	return racy(b.memory, func(m *memory) error { return m.AppendAudit(ctx, entries...) })
}

type recordedAll struct{ *memory }

func (b recordedAll) AuditRecorded(_ context.Context, eventIDs ...string) (map[string]bool, error) {
	held := map[string]bool{}
	for _, id := range eventIDs {
		held[id] = true
	}
	return held, nil
}

type entriesBehind struct{ *memory }

func (b entriesBehind) AuditEntries(ctx context.Context, from int64, limit int) ([]identity.AuditEntry, error) {
	return b.memory.AuditEntries(ctx, from+1, limit)
}

type silent struct{ *memory }

func (b silent) Describe(context.Context) (string, error) { return "", nil }

type sweepBoasts struct{ *memory }

func (b sweepBoasts) Sweep(ctx context.Context, now time.Time) (int64, error) {
	n, err := b.memory.Sweep(ctx, now)
	return n + 1, err
}

type sweepsEarly struct{ *memory }

func (b sweepsEarly) Sweep(ctx context.Context, now time.Time) (int64, error) {
	return b.memory.Sweep(ctx, now.Add(time.Millisecond))
}

type sweepsProvisional struct{ *memory }

func (b sweepsProvisional) Sweep(ctx context.Context, now time.Time) (int64, error) {
	n, err := b.memory.Sweep(ctx, now)
	for id, u := range b.users {
		if u.Provisional {
			delete(b.users, id)
			n++
		}
	}
	return n, err
}

type sweepsOutstanding struct{ *memory }

func (b sweepsOutstanding) Sweep(ctx context.Context, now time.Time) (int64, error) {
	err := b.step(ctx, func() error {
		for id, d := range b.pending {
			d.Holder = ""
			b.pending[id] = d
		}
		return nil
	})
	n, failed := b.memory.Sweep(ctx, now)
	return n, errors.Join(err, failed)
}

type sweepsInvitations struct{ *memory }

func (b sweepsInvitations) Sweep(ctx context.Context, now time.Time) (int64, error) {
	n, err := b.memory.Sweep(ctx, now)
	for id, i := range b.invitations {
		if i.State(now) != identity.InvitationPending {
			delete(b.invitations, id)
			n++
		}
	}
	return n, err
}

type sweepsTaken struct{ *memory }

func (b sweepsTaken) Sweep(ctx context.Context, now time.Time) (int64, error) {
	n, err := b.memory.Sweep(ctx, now)
	for id, i := range b.invitations {
		if i.Left = 1; lapsed(i, now) {
			delete(b.invitations, id)
			n++
		}
	}
	return n, err
}

type racySweep struct{ *memory }

func (b racySweep) Sweep(ctx context.Context, now time.Time) (n int64, err error) {
	err = racy(b.memory, func(m *memory) error {
		n, err = m.Sweep(ctx, now)
		return err
	})
	return n, err
}

package storetest

import (
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func auditLog() []promise {
	return []promise{
		{"LastAudit is ErrNotFound while the log is empty", lastAuditNotFound},
		{"AppendAudit stores entries in order, and LastAudit returns the last", appendAudit},
		{"AppendAudit at a taken Seq is ErrExists and stores nothing", appendAuditTaken},
		{"of 20 concurrent AppendAudit at one Seq exactly one succeeds and the others store nothing", appendAuditRace},
		{"writers that begin again after ErrExists leave one chain with each event once", appendAuditChain},
		{"AuditRecorded returns which events the log holds", auditRecorded},
		{"AuditEntries pages through the log from any Seq, in order", auditPages},
	}
}

func (k *kit) appendLog(list []identity.AuditEntry) {
	k.Helper()
	k.ok(k.s.AppendAudit(k.ctx, list...))
}

func (k *kit) log() []identity.AuditEntry {
	k.Helper()
	list, err := k.s.AuditEntries(k.ctx, 0, 10_000)
	k.ok(err)
	return list
}

func (k *kit) lastAudit() identity.AuditEntry {
	k.Helper()
	e, err := k.s.LastAudit(k.ctx)
	k.ok(err)
	return e
}

func lastAuditNotFound(k *kit) {
	_, err := k.s.LastAudit(k.ctx)
	k.refused(err, store.ErrNotFound)
	k.equal("the log", k.log(), []identity.AuditEntry{})
}

func appendAudit(k *kit) {
	var want []identity.AuditEntry
	for _, n := range []int{1, 3, 1, 150, 8} {
		batch := entries("e", int64(len(want)+1), n)
		want = append(want, batch...)
		k.appendLog(batch)
		k.equal("the last entry", k.lastAudit(), batch[n-1])
	}
	k.equal("the log", k.log(), want)
}

func appendAuditTaken(k *kit) {
	want := entries("e", 1, 3)
	k.appendLog(want)
	for seq := range int64(3) {
		for _, n := range []int{1, 5} {
			k.refused(k.s.AppendAudit(k.ctx, entries("x", seq+1, n)...), store.ErrExists)
			k.equal("the log", k.log(), want)
		}
	}
	held, err := k.s.AuditRecorded(k.ctx, "x-1", "x-2", "x-3", "x-4", "x-5")
	k.ok(err)
	for id, yes := range held {
		if yes {
			k.Fatalf("the log says it holds %s", id)
		}
	}
}

func appendAuditRace(k *kit) {
	for round := range int64(5) {
		seq := 1 + round*3
		batch := func(i int) []identity.AuditEntry { return entries(fmt.Sprintf("e%d", i), seq, 3) }
		errs := race(20, func(i int) error { return k.s.AppendAudit(k.ctx, batch(i)...) })
		won := k.winners(errs, 1, store.ErrExists)[0]
		got, err := k.s.AuditEntries(k.ctx, seq, 10)
		k.ok(err)
		k.equal("the new entries", got, batch(won))
	}
}

// A writer whose batch another one cut short may find its first entries recorded.
func appendAuditChain(k *kit) {
	const writers, events = 5, 6
	k.all(race(writers, func(i int) error {
		var rest []string
		for n := range events {
			rest = append(rest, fmt.Sprintf("w%d-%d", i, n))
		}
		for range 1000 {
			var err error
			if rest, err = appendRest(k, rest); err != nil || len(rest) == 0 {
				return err
			}
		}
		return errors.New("no progress in 1000 attempts")
	}))
	log, seen := k.log(), map[string]bool{}
	for i, e := range log {
		if e.Seq != int64(i+1) || seen[e.ID] {
			k.Fatalf("entry %d has Seq %d and event %s, seen before: %t", i, e.Seq, e.ID, seen[e.ID])
		}
		seen[e.ID] = true
	}
	k.equal("how many entries there are", len(log), writers*events)
}

// appendRest tries once to append what is not recorded yet, two at a time, and returns what
// may still be missing.
func appendRest(k *kit, ids []string) ([]string, error) {
	held, err := k.s.AuditRecorded(k.ctx, ids...)
	if err != nil {
		return nil, err
	}
	var rest []string
	for _, id := range ids {
		if !held[id] {
			rest = append(rest, id)
		}
	}
	if len(rest) == 0 {
		return nil, nil
	}
	last, err := k.s.LastAudit(k.ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	batch := entries("", last.Seq+1, min(2, len(rest)))
	for i := range batch {
		batch[i].ID = rest[i]
	}
	err = k.s.AppendAudit(k.ctx, batch...)
	if errors.Is(err, store.ErrExists) || errors.Is(err, store.ErrUnavailable) {
		err = nil // somebody was ahead, at once or midway
	}
	return rest, err
}

func auditRecorded(k *kit) {
	k.appendLog(entries("e", 1, 4))
	for _, c := range []struct{ ask, held []string }{
		{nil, nil},
		{[]string{"e-1"}, []string{"e-1"}},
		{[]string{"e-5", "x", "", "E-1", "e-1 "}, nil},
		{[]string{"e-4", "x", "e-2", "e-5"}, []string{"e-2", "e-4"}},
	} {
		got, err := k.s.AuditRecorded(k.ctx, c.ask...)
		k.ok(err)
		want := map[string]bool{}
		for _, id := range c.held {
			want[id] = true
		}
		for id, yes := range got {
			if !yes {
				delete(got, id)
			}
		}
		k.equal(fmt.Sprintf("which of %q the log holds", c.ask), got, want)
	}
	many := make([]string, 0, 300)
	for i := range 300 {
		many = append(many, fmt.Sprintf("e-%d", i))
	}
	got, err := k.s.AuditRecorded(k.ctx, many...)
	k.ok(err)
	for i, id := range many {
		k.equal("whether the log holds "+id, got[id], i >= 1 && i <= 4)
	}
}

func auditPages(k *kit) {
	want := entries("e", 1, 11)
	k.appendLog(want)
	for _, c := range []struct {
		from  int64
		limit int
		want  []identity.AuditEntry
	}{
		{0, 3, want[:3]},
		{1, 3, want[:3]},
		{4, 3, want[3:6]},
		{10, 3, want[9:]},
		{11, 1, want[10:]},
		{12, 3, nil},
		{-5, 100, want},
	} {
		got, err := k.s.AuditEntries(k.ctx, c.from, c.limit)
		k.ok(err)
		k.equal(fmt.Sprintf("%d entries from %d", c.limit, c.from), got, c.want)
	}
}

package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func consequenceBugs() []bug {
	var writes []string
	for _, name := range []string{
		"CreateUser", "CreateUser with a taken name", "UpdateUser", "UpdateUser with a taken name", "StartSession", "EndSession",
		"CreateInvitation", "ReissueInvitation", "RevokeInvitation", "CreateAPIKey", "RevokeAPIKey", "SwapKeySet",
	} {
		writes = append(writes, "consequences/"+name+" makes exactly what follows from it due, and nothing when it fails")
	}
	return []bug{
		{"writes forget what follows from them", func(m *memory) store.Store { return alsoBroken{m, true} }, writes},
		{"writes that fail record what would have followed", func(m *memory) store.Store { return alsoBroken{m, false} }, writes},
		{"Record stores the first only", func(m *memory) store.Store { return recordsFirst{m} }, []string{
			"consequences/Record stores what follows from no other write"}},
		{"Record of a recorded id is ErrExists", func(m *memory) store.Store { return recordExists{m} }, []string{
			"consequences/Record of an id that is recorded already is no error and changes nothing"}},
		{"ClaimDue ignores DueAt", func(m *memory) store.Store { return claimsEarly{m} }, []string{
			"consequences/a consequence is not due before DueAt, and due from then on"}},
		{"ClaimDue gives no lease", func(m *memory) store.Store { return noLease{m} }, []string{
			"consequences/Record stores what follows from no other write",
			"consequences/a claimed consequence is due again when the lease is over, not before, with Attempts raised",
			"consequences/of 20 concurrent claimers each consequence is handed to exactly one"}},
		{"ClaimDue leases a moment too long", func(m *memory) store.Store { return longLease{m} }, []string{
			"consequences/a claimed consequence is due again when the lease is over, not before, with Attempts raised"}},
		{"ClaimDue does not count", func(m *memory) store.Store { return countsNone{m} }, []string{
			"consequences/a claimed consequence is due again when the lease is over, not before, with Attempts raised",
			"fidelity/every field of a consequence survives"}},
		{"ClaimDue ignores the limit", func(m *memory) store.Store { return claimsAll{m} }, []string{
			"consequences/ClaimDue returns at most limit, and all that is due sooner or later"}},
		{"ClaimDue reads and writes in two steps", func(m *memory) store.Store { return racyClaim{m} }, []string{
			"consequences/of 20 concurrent claimers each consequence is handed to exactly one"}},
		{"Settle does nothing", func(m *memory) store.Store { return settlesNone{m} }, []string{
			"consequences/Settle removes consequences, and one that is gone is no error"}},
		{"Settle removes all of the record", func(m *memory) store.Store { return settlesAll{m} }, []string{
			"consequences/Settle removes those it names and leaves the others of the record",
			"consequences/an update of a user between claim and settlement loses nothing and frees no lease",
			"consequences/updates, claims and settlements of one user that race lose and double nothing"}},
		{"Postpone moves forward only", func(m *memory) store.Store { return postponesForward{m} }, []string{
			"consequences/Postpone makes a consequence due at another time, later or earlier than the lease"}},
		{"Postpone brings back what is gone", func(m *memory) store.Store { return postponeRevives{m} }, []string{
			"consequences/Postpone of a consequence that is gone brings none back and is no error"}},
		{"UpdateUser loses what followed from earlier writes", func(m *memory) store.Store { return updateLoses{m} }, []string{
			"consequences/later writes to a record keep what follows from earlier ones",
			"consequences/an update of a user between claim and settlement loses nothing and frees no lease"}},
		{"UpdateUser frees the leases", func(m *memory) store.Store { return updateFreesLeases{m} }, []string{
			"consequences/an update of a user between claim and settlement loses nothing and frees no lease",
			"consequences/updates, claims and settlements of one user that race lose and double nothing"}},
		{"ClaimDue raises the revision of the user", func(m *memory) store.Store { return claimRaises{m} }, []string{
			"consequences/claims and settlements leave the revision of a user and the rest of a record alone",
			"consequences/an update of a user between claim and settlement loses nothing and frees no lease"}},
		{"RemoveUser takes along what follows", func(m *memory) store.Store { return removeTakes{m} }, []string{
			"consequences/consequences of a user who is removed stay due"}},
	}
}

// alsoBroken forgets the consequences of writes, or records them even when the write fails.
type alsoBroken struct {
	*memory
	forgets bool
}

func (b alsoBroken) write(ctx context.Context, also []identity.Consequence, f func(also ...identity.Consequence) error) error {
	if b.forgets {
		return f()
	}
	err := f(also...)
	return errors.Join(err, b.Record(ctx, also...))
}

func (b alsoBroken) CreateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.CreateUser(ctx, u, also...) })
}

func (b alsoBroken) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.UpdateUser(ctx, u, also...) })
}

func (b alsoBroken) StartSession(ctx context.Context, s identity.Session, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.StartSession(ctx, s, also...) })
}

func (b alsoBroken) EndSession(ctx context.Context, id string, at time.Time, why identity.EndReason, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.EndSession(ctx, id, at, why, also...) })
}

func (b alsoBroken) CreateInvitation(ctx context.Context, i identity.Invitation, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.CreateInvitation(ctx, i, also...) })
}

func (b alsoBroken) ReissueInvitation(ctx context.Context, id string, codeHash []byte, at, expiresAt time.Time, also ...identity.Consequence) (i identity.Invitation, err error) {
	err = b.write(ctx, also, func(also ...identity.Consequence) error {
		i, err = b.memory.ReissueInvitation(ctx, id, codeHash, at, expiresAt, also...)
		return err
	})
	return i, err
}

func (b alsoBroken) RevokeInvitation(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.RevokeInvitation(ctx, id, at, also...) })
}

func (b alsoBroken) CreateAPIKey(ctx context.Context, k identity.APIKey, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.CreateAPIKey(ctx, k, also...) })
}

func (b alsoBroken) RevokeAPIKey(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.RevokeAPIKey(ctx, id, at, also...) })
}

func (b alsoBroken) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	return b.write(ctx, also, func(also ...identity.Consequence) error { return b.memory.SwapKeySet(ctx, from, data, also...) })
}

type recordsFirst struct{ *memory }

func (b recordsFirst) Record(ctx context.Context, also ...identity.Consequence) error {
	return b.memory.Record(ctx, also[0])
}

type recordExists struct{ *memory }

func (b recordExists) Record(ctx context.Context, also ...identity.Consequence) error {
	if _, ok := b.pending[also[0].ID]; ok {
		return store.ErrExists
	}
	return b.memory.Record(ctx, also...)
}

type claimsEarly struct{ *memory }

func (b claimsEarly) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	return b.memory.ClaimDue(ctx, now.Add(time.Hour), lease, limit)
}

type noLease struct{ *memory }

func (b noLease) ClaimDue(ctx context.Context, now time.Time, _ time.Duration, limit int) ([]store.Due, error) {
	return b.memory.ClaimDue(ctx, now, 0, limit)
}

type longLease struct{ *memory }

func (b longLease) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	return b.memory.ClaimDue(ctx, now, lease+time.Millisecond, limit)
}

type countsNone struct{ *memory }

func (b countsNone) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	due, err := b.memory.ClaimDue(ctx, now, lease, limit)
	for n := range due {
		due[n].Attempts--
	}
	return due, err
}

type claimsAll struct{ *memory }

func (b claimsAll) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, _ int) ([]store.Due, error) {
	return b.memory.ClaimDue(ctx, now, lease, 1000)
}

type racyClaim struct{ *memory }

func (b racyClaim) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) (due []store.Due, err error) {
	err = racy(b.memory, func(m *memory) error {
		due, err = m.ClaimDue(ctx, now, lease, limit)
		return err
	})
	return due, err
}

type settlesNone struct{ *memory }

func (b settlesNone) Settle(context.Context, ...store.Due) error { return nil }

type settlesAll struct{ *memory }

func (b settlesAll) Settle(ctx context.Context, due ...store.Due) error {
	return b.step(ctx, func() error {
		for id, d := range b.pending {
			if d.Holder == due[0].Holder {
				delete(b.pending, id)
			}
		}
		return nil
	})
}

type postponesForward struct{ *memory }

func (b postponesForward) Postpone(ctx context.Context, due store.Due, t time.Time) error {
	if t.Before(b.pending[due.ID].DueAt) {
		return nil
	}
	return b.memory.Postpone(ctx, due, t)
}

type postponeRevives struct{ *memory }

func (b postponeRevives) Postpone(ctx context.Context, due store.Due, t time.Time) error {
	return errors.Join(b.Record(ctx, due.Consequence), b.memory.Postpone(ctx, due, t))
}

type updateLoses struct{ *memory }

func (b updateLoses) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	for id, d := range b.pending {
		if d.Holder == u.ID {
			delete(b.pending, id)
		}
	}
	return b.memory.UpdateUser(ctx, u, also...)
}

type updateFreesLeases struct{ *memory }

func (b updateFreesLeases) UpdateUser(ctx context.Context, u identity.User, also ...identity.Consequence) error {
	return b.step(ctx, func() error {
		for id, d := range b.pending {
			d.DueAt = u.CreatedAt
			b.pending[id] = d
		}
		u.Rev++
		b.users[u.ID] = clone(u)
		b.record(u.ID, also)
		return nil
	})
}

type claimRaises struct{ *memory }

func (b claimRaises) ClaimDue(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]store.Due, error) {
	due, err := b.memory.ClaimDue(ctx, now, lease, limit)
	for _, d := range due {
		if u, ok := b.users[d.Holder]; ok {
			u.Rev++
			b.users[d.Holder] = u
		}
	}
	return due, err
}

type removeTakes struct{ *memory }

func (b removeTakes) RemoveUser(ctx context.Context, id string, rev int64) error {
	for key, d := range b.pending {
		if d.Holder == id {
			delete(b.pending, key)
		}
	}
	return b.memory.RemoveUser(ctx, id, rev)
}

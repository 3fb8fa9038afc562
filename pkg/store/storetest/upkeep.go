package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func upkeep() []promise {
	return []promise{
		{"Ping of a store that answers is nil, and Describe says something", ping},
		{"Sweep of an empty store removes nothing", sweepNothing},
		{"Sweep removes sessions that ended or expired more than RetainSessions ago, and no others", sweepSessions},
		{"Sweep removes counters whose window is over, and no others", sweepCounters},
		{"Sweep removes tombstones, and no other users", sweepTombstones},
		{"Sweep removes mailed invitations that expired untaken more than RetainInvitations ago, and no others", sweepInvitations},
		{"Sweep keeps a record until its last consequence is settled", sweepKeepsOutstanding},
		{"Sweep keeps invitations, API keys, the key set, the audit log and what is due", sweepKeepsTheRest},
		{"concurrent Sweep removes each record once", sweepRace},
	}
}

// sweep sweeps until nothing is left to remove and returns how many records went.
func (k *kit) sweep(now time.Time) int64 {
	k.Helper()
	var total int64
	for range 1000 {
		n, err := k.s.Sweep(k.ctx, now)
		k.ok(err)
		if total += n; n == 0 {
			return total
		}
	}
	k.Fatal("Sweep still removes something after 1000 calls")
	return 0
}

func ping(k *kit) {
	k.ok(k.s.Ping(k.ctx))
	name, err := k.s.Describe(k.ctx)
	k.ok(err)
	if name == "" {
		k.Fatal("Describe says nothing")
	}
}

func sweepNothing(k *kit) {
	k.equal("how many it removed", k.sweep(at(1000*time.Hour)), int64(0))
}

func sweepSessions(k *kit) {
	now := at(100 * time.Hour)
	edge := now.Add(-store.RetainSessions) // dead since then: kept once more
	dead := edge.Add(-time.Millisecond)
	list := []struct {
		id              string
		idle, max, over time.Time
		gone            bool
	}{
		{"live", now.Add(time.Hour), now.Add(time.Hour), time.Time{}, false},
		{"just expired", now, now.Add(time.Hour), time.Time{}, false},
		{"ended at the edge", now.Add(time.Hour), now.Add(time.Hour), edge, false},
		{"ended before", now.Add(time.Hour), now.Add(time.Hour), dead, true},
		{"idle at the edge", edge, now.Add(time.Hour), time.Time{}, false},
		{"idle before", dead, now.Add(time.Hour), time.Time{}, true},
		{"too old at the edge", now.Add(time.Hour), edge, time.Time{}, false},
		{"too old before", now.Add(time.Hour), dead, time.Time{}, true},
		{"ended long ago, idle and too old", dead, dead, at(0), true},
	}
	for _, c := range list {
		s := newSession(c.id, "u")
		s.IdleUntil, s.MaxUntil = c.idle, c.max
		k.start(s)
		if !c.over.IsZero() {
			k.ok(k.s.EndSession(k.ctx, c.id, c.over, identity.EndedByLogout))
		}
	}
	removed := k.sweep(now)
	for _, c := range list {
		_, err := k.s.Session(k.ctx, c.id)
		if gone := errors.Is(err, store.ErrNotFound); gone != c.gone {
			k.Fatalf("the session %q: removed is %t (error %v), want %t", c.id, gone, err, c.gone)
		}
	}
	k.equal("how many it removed", removed, int64(4))
}

func sweepCounters(k *kit) {
	const n = 120
	for i := range n / 10 {
		var batch []store.Counter
		for j := range 10 {
			batch = append(batch, counter(fmt.Sprintf("over %d-%d", i, j)))
		}
		k.hit(at(0), batch...)
	}
	k.hit(at(time.Millisecond), counter("stands"))
	k.equal("how many it removed", k.sweep(at(time.Minute)), int64(n))
	k.peeks(at(time.Minute), "stands", 1)
	k.equal("the next hit", k.hit(at(time.Minute), counter("stands"))[0].N, int64(2))
	k.equal("a hit of one that was swept", k.hit(at(time.Minute), counter("over 0-0"))[0].N, int64(1))
}

func sweepTombstones(k *kit) {
	plain := newUser("plain", email("a@example.com"))
	shut := newUser("shut", email("b@example.com"))
	shut.Disabled = true
	coming := newUser("coming", email("c@example.com"))
	coming.Provisional = true
	gone := newUser("gone", email("d@example.com"))
	for _, u := range []identity.User{plain, shut, coming, gone} {
		k.createUser(u)
	}
	gone = newUser("gone")
	gone.Deleted = true
	k.ok(k.s.UpdateUser(k.ctx, gone))
	k.equal("how many it removed", k.sweep(at(1000*time.Hour)), int64(1))
	_, err := k.s.User(k.ctx, "gone")
	k.refused(err, store.ErrNotFound)
	for _, u := range []identity.User{plain, shut, coming} {
		k.equal("a user who stays", k.user(u.ID), u)
		k.holds(u.ID, u.Identifiers[0])
	}
}

func sweepInvitations(k *kit) {
	mailed := func(id string, expires time.Time) identity.Invitation {
		i := newInvitation(id, 1)
		i.Form, i.ExpiresAt = identity.CodeUUID, expires
		return i
	}
	now := at(store.RetainInvitations).Add(time.Hour)
	limit := now.Add(-store.RetainInvitations)
	text := newInvitation("text", 1)
	text.ExpiresAt = limit.Add(-time.Millisecond)
	k.invite(mailed("lapsed", limit.Add(-time.Millisecond)), mailed("revoked", limit.Add(-time.Millisecond)), mailed("recent", limit), mailed("taken", limit.Add(-time.Millisecond)), text)
	k.ok(k.s.RevokeInvitation(k.ctx, "revoked", at(0)))
	k.reserve("taken", "u")
	k.equal("what was removed", k.sweep(now), int64(2))
	for _, id := range []string{"lapsed", "revoked"} {
		_, err := k.s.Invitation(k.ctx, id)
		k.refused(err, store.ErrNotFound)
	}
	for _, id := range []string{"recent", "taken", "text"} {
		k.invitation(id)
	}
}

func sweepKeepsOutstanding(k *kit) {
	now := at(1000 * time.Hour)
	gone := newUser("gone")
	gone.Deleted = true
	k.createUser(gone, follows("of the tombstone"), follows("of the tombstone too"))
	k.start(newSession("s", "gone"))
	k.ok(k.s.EndSession(k.ctx, "s", at(0), identity.EndedByDeletion, follows("of the session")))
	kept := func() {
		k.Helper()
		k.equal("how many it removed", k.sweep(now), int64(0))
		k.equal("the tombstone", k.user("gone"), gone)
		k.equal("the session's end", k.session("s").EndedAt, at(0))
	}
	kept()
	due := k.claim(now) // sorted: of the session, of the tombstone, of the tombstone too
	k.equal("how many are due", len(due), 3)
	kept()
	k.ok(k.s.Settle(k.ctx, due[1]))
	kept()
	k.ok(k.s.Settle(k.ctx, due[0], due[2]))
	k.equal("how many it removed", k.sweep(now), int64(2))
	_, err := k.s.User(k.ctx, "gone")
	k.refused(err, store.ErrNotFound)
	_, err = k.s.Session(k.ctx, "s")
	k.refused(err, store.ErrNotFound)
}

func sweepKeepsTheRest(k *kit) {
	i, a := newInvitation("i", 1), newAPIKey("k")
	i.RevokedAt, a.RevokedAt = at(0), at(0)
	k.invite(i, newInvitation("expired", 1), newInvitation("used", 1))
	k.reserve("used", "u")
	k.issue(a)
	k.ok(k.s.SwapKeySet(k.ctx, 0, []byte("data")))
	k.appendLog(entries("e", 1, 3))
	k.ok(k.s.Record(k.ctx, follows("c")))
	k.equal("how many it removed", k.sweep(at(10_000*time.Hour)), int64(0))
	k.equal("the revoked invitation", k.invitation("i"), i)
	k.equal("the expired invitation", k.invitation("expired"), newInvitation("expired", 1))
	k.uses("used", 0, reserved("u"))
	k.equal("the key", k.apiKey("k"), a)
	k.equal("the key set", k.keySet(), store.KeySet{Version: 1, Data: []byte("data")})
	k.equal("the log", k.log(), entries("e", 1, 3))
	k.due(at(0), "c")
}

func sweepRace(k *kit) {
	for n := range 20 {
		k.start(newSession(fmt.Sprintf("s%d", n), "u"))
	}
	var counts [8]int64
	k.all(race(len(counts), func(i int) error {
		var err error
		counts[i], err = k.s.Sweep(k.ctx, at(1000*time.Hour))
		return err
	}))
	total := k.sweep(at(1000 * time.Hour))
	for _, n := range counts {
		total += n
	}
	k.equal("how many they removed in all", total, int64(20))
}

package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func consequences() []promise {
	list := []promise{
		{"Record stores what follows from no other write", record},
		{"Record of an id that is recorded already is no error and changes nothing", recordTwice},
		{"a consequence is not due before DueAt, and due from then on", notDueBefore},
		{"a claimed consequence is due again when the lease is over, not before, with Attempts raised", dueAfterLease},
		{"ClaimDue returns at most limit, and all that is due sooner or later", claimLimit},
		{"of 20 concurrent claimers each consequence is handed to exactly one", claimRace},
		{"Settle removes consequences, and one that is gone is no error", settle},
		{"Settle removes those it names and leaves the others of the record", settleSome},
		{"Postpone makes a consequence due at another time, later or earlier than the lease", postpone},
		{"Postpone of a consequence that is gone brings none back and is no error", postponeGone},
		{"later writes to a record keep what follows from earlier ones", laterWritesKeep},
		{"an update of a user between claim and settlement loses nothing and frees no lease", updateKeepsLeases},
		{"claims and settlements leave the revision of a user and the rest of a record alone", claimsChangeNothing},
		{"consequences of a user who is removed stay due", removedUserKeeps},
		{"updates, claims and settlements of one user that race lose and double nothing", updatesAgainstClaims},
	}
	for _, w := range writes() {
		list = append(list, promise{w.name + " makes exactly what follows from it due, and nothing when it fails", w.check})
	}
	return list
}

// write is a method that takes consequences.
type write struct {
	name    string
	prepare func(k *kit) // may be nil
	do      func(k *kit, also ...identity.Consequence) error
	fails   func(k *kit, also ...identity.Consequence) error // nil: a second do fails
}

func (w write) check(k *kit) {
	if w.prepare != nil {
		w.prepare(k)
	}
	var want []identity.Consequence
	for n := range 3 {
		c := follows(fmt.Sprintf("c%d", n))
		c.Kind = identity.ConsequenceKind(fmt.Sprintf("kind %d", n))
		want = append(want, c)
	}
	k.ok(w.do(k, want...))
	if w.fails == nil {
		w.fails = w.do
	}
	if err := w.fails(k, follows("d0"), follows("d1")); err == nil {
		k.Fatal("the write succeeded that has to fail")
	}
	var got []identity.Consequence
	for _, due := range k.claim(at(0)) {
		due.Attempts, due.DueAt = due.Attempts-1, at(0)
		got = append(got, due.Consequence)
	}
	k.equal("what is due", got, want)
}

func writes() []write {
	return []write{
		{name: "CreateUser", do: func(k *kit, also ...identity.Consequence) error {
			return k.s.CreateUser(k.ctx, newUser("u", email("a@example.com")), also...)
		}},
		{name: "CreateUser with a taken name", prepare: func(k *kit) {
			k.createUser(newUser("u1", email("a@example.com")))
		}, do: func(k *kit, also ...identity.Consequence) error {
			return k.s.CreateUser(k.ctx, newUser("u2", email("b@example.com")), also...)
		}, fails: func(k *kit, also ...identity.Consequence) error {
			return k.s.CreateUser(k.ctx, newUser("u3", email("c@example.com"), email("a@example.com")), also...)
		}},
		{name: "UpdateUser", prepare: func(k *kit) { k.createUser(newUser("u")) },
			do: func(k *kit, also ...identity.Consequence) error { return k.s.UpdateUser(k.ctx, newUser("u"), also...) }},
		{name: "UpdateUser with a taken name", prepare: func(k *kit) {
			k.createUser(newUser("u1", email("a@example.com")))
			k.createUser(newUser("u2"))
		}, do: func(k *kit, also ...identity.Consequence) error {
			return k.s.UpdateUser(k.ctx, newUser("u1", email("a@example.com")), also...)
		}, fails: func(k *kit, also ...identity.Consequence) error {
			return k.s.UpdateUser(k.ctx, newUser("u2", email("a@example.com")), also...)
		}},
		{name: "StartSession", do: func(k *kit, also ...identity.Consequence) error {
			return k.s.StartSession(k.ctx, newSession("s", "u"), also...)
		}},
		{name: "EndSession", prepare: func(k *kit) { k.start(newSession("s", "u")) },
			do: func(k *kit, also ...identity.Consequence) error {
				return k.s.EndSession(k.ctx, "s", at(0), identity.EndedByLogout, also...)
			}},
		{name: "CreateInvitation", do: func(k *kit, also ...identity.Consequence) error {
			return k.s.CreateInvitation(k.ctx, newInvitation("i", 1), also...)
		}},
		{name: "ReissueInvitation", prepare: func(k *kit) {
			k.invite(newInvitation("i", 1), newInvitation("used", 1))
			k.reserve("used", "u")
		}, do: func(k *kit, also ...identity.Consequence) error {
			_, err := k.s.ReissueInvitation(k.ctx, "i", codeOf("new"), at(0), at(time.Hour), also...)
			return err
		}, fails: func(k *kit, also ...identity.Consequence) error {
			_, err := k.s.ReissueInvitation(k.ctx, "used", codeOf("new"), at(0), at(time.Hour), also...)
			return err
		}},
		{name: "RevokeInvitation", prepare: func(k *kit) { k.invite(newInvitation("i", 1)) },
			do: func(k *kit, also ...identity.Consequence) error {
				return k.s.RevokeInvitation(k.ctx, "i", at(0), also...)
			}},
		{name: "CreateAPIKey", do: func(k *kit, also ...identity.Consequence) error {
			return k.s.CreateAPIKey(k.ctx, newAPIKey("k"), also...)
		}},
		{name: "RevokeAPIKey", prepare: func(k *kit) { k.issue(newAPIKey("k")) },
			do: func(k *kit, also ...identity.Consequence) error { return k.s.RevokeAPIKey(k.ctx, "k", at(0), also...) }},
		{name: "SwapKeySet", do: func(k *kit, also ...identity.Consequence) error {
			return k.s.SwapKeySet(k.ctx, 0, []byte("data"), also...)
		}},
	}
}

func record(k *kit) {
	k.ok(k.s.Record(k.ctx, follows("a")))
	k.ok(k.s.Record(k.ctx, follows("b"), follows("c")))
	k.due(at(0), "a", "b", "c")
}

func recordTwice(k *kit) {
	k.ok(k.s.Record(k.ctx, follows("a")))
	k.due(at(0), "a")
	k.ok(k.s.Record(k.ctx, follows("a"), follows("b")))
	k.due(at(0), "b")
	k.due(at(lease), "a", "b")
}

func notDueBefore(k *kit) {
	later := func(id string, d time.Duration) identity.Consequence {
		c := follows(id)
		c.DueAt = at(d)
		return c
	}
	k.createUser(newUser("u"), later("soon", time.Second), later("late", time.Minute))
	k.ok(k.s.Record(k.ctx, later("now", 0), later("free soon", time.Second)))
	k.due(at(-time.Millisecond))
	k.due(at(0), "now")
	k.due(at(time.Second - time.Millisecond))
	k.due(at(time.Second), "soon", "free soon")
	k.due(at(10*time.Minute), "late")
}

// claimOnce claims with a lease of its own and ends the check unless exactly these ids come
// back, all with these attempts.
func (k *kit) claimOnce(now time.Time, lease time.Duration, attempts int64, ids ...string) []store.Due {
	k.Helper()
	due, err := k.s.ClaimDue(k.ctx, now, lease, 50)
	k.ok(err)
	var got []string
	for _, d := range due {
		k.equal("the attempts of "+d.ID, d.Attempts, attempts)
		got = append(got, d.ID)
	}
	slices.Sort(got)
	k.equal("the ids of what is due", got, ids)
	return due
}

func dueAfterLease(k *kit) {
	k.createUser(newUser("u"), follows("a"))
	k.start(newSession("s", "u"))
	k.ok(k.s.EndSession(k.ctx, "s", at(0), identity.EndedByLogout, follows("b")))
	k.ok(k.s.Record(k.ctx, follows("c")))
	now := at(0)
	for n := range int64(3) {
		k.claimOnce(now, time.Minute, n+1, "a", "b", "c")
		k.claimOnce(now, time.Minute, 0)
		k.claimOnce(now.Add(time.Minute-time.Millisecond), time.Minute, 0)
		now = now.Add(time.Minute)
	}
}

func claimLimit(k *kit) {
	k.createUser(newUser("u"), follows("u1"), follows("u2"), follows("u3"), follows("u4"), follows("u5"))
	k.ok(k.s.Record(k.ctx, follows("f1"), follows("f2"), follows("f3")))
	var got []string
	for {
		due, err := k.s.ClaimDue(k.ctx, at(0), lease, 2)
		k.ok(err)
		if len(due) > 2 || len(got) > 8 {
			k.Fatalf("%d claimed at once with limit 2, %d in all of 8", len(due), len(got)+len(due))
		}
		if len(due) == 0 {
			break
		}
		for _, d := range due {
			got = append(got, d.ID)
		}
	}
	slices.Sort(got)
	k.equal("all that was claimed", got, []string{"f1", "f2", "f3", "u1", "u2", "u3", "u4", "u5"})
}

func settle(k *kit) {
	k.createUser(newUser("u"), follows("a"))
	k.ok(k.s.Record(k.ctx, follows("b")))
	due := k.claim(at(0))
	k.equal("how many are due", len(due), 2)
	for range 2 {
		k.ok(k.s.Settle(k.ctx, due...))
		k.due(at(2 * lease))
	}
	k.equal("the user", k.user("u"), newUser("u"))
}

func settleSome(k *kit) {
	k.createUser(newUser("u"), follows("a"), follows("b"), follows("c"))
	due := k.claim(at(0))
	k.equal("how many are due", len(due), 3)
	k.ok(k.s.Settle(k.ctx, due[0], due[2]))
	k.due(at(lease), "b")
}

func postpone(k *kit) {
	k.createUser(newUser("u"), follows("later"), follows("sooner"), follows("left"))
	due := k.claim(at(0))
	k.equal("how many are due", len(due), 3)
	k.ok(k.s.Postpone(k.ctx, due[0], at(2*lease))) // sorted: later, left, sooner
	k.ok(k.s.Postpone(k.ctx, due[2], at(time.Minute)))
	k.claimOnce(at(time.Minute-time.Millisecond), lease, 0)
	k.claimOnce(at(time.Minute), 10*lease, 2, "sooner")
	k.claimOnce(at(lease), 10*lease, 2, "left")
	k.claimOnce(at(2*lease-time.Millisecond), 10*lease, 0)
	k.claimOnce(at(2*lease), 10*lease, 2, "later")
}

func postponeGone(k *kit) {
	k.createUser(newUser("u"), follows("a"))
	k.ok(k.s.Record(k.ctx, follows("b")))
	due := k.claim(at(0))
	k.ok(k.s.Settle(k.ctx, due...))
	for _, d := range due {
		k.ok(k.s.Postpone(k.ctx, d, at(time.Minute)))
	}
	k.due(at(2 * lease))
}

func laterWritesKeep(k *kit) {
	k.createUser(newUser("u"), follows("user 1"))
	k.ok(k.s.UpdateUser(k.ctx, newUser("u"), follows("user 2")))
	u := k.user("u")
	k.ok(k.s.UpdateUser(k.ctx, u))

	k.ok(k.s.StartSession(k.ctx, newSession("s", "u"), follows("session 1")))
	k.ok(k.s.StartSession(k.ctx, newSession("s2", "u"), follows("session 2")))
	k.ok(k.s.RotateSession(k.ctx, step("s", 1)))
	k.ok(k.s.EndSession(k.ctx, "s", at(0), identity.EndedByLogout, follows("session 3")))
	_, err := k.s.EndUserSessions(k.ctx, "u", 9, "", at(0), identity.EndedByAdmin)
	k.ok(err)

	k.ok(k.s.CreateInvitation(k.ctx, newInvitation("i", 3), follows("invitation 1")))
	k.reserve("i", "u1")
	k.reserve("i", "u2")
	k.ok(k.s.ConfirmUse(k.ctx, "i", "u1"))
	k.ok(k.s.FreeUse(k.ctx, "i", "u2"))
	_, err = k.s.ReissueInvitation(k.ctx, "i", codeOf("new"), at(0), at(time.Hour), follows("invitation 2"))
	k.ok(err)
	k.ok(k.s.RevokeInvitation(k.ctx, "i", at(0), follows("invitation 3")))

	k.ok(k.s.CreateAPIKey(k.ctx, newAPIKey("k"), follows("key 1")))
	k.ok(k.s.TouchAPIKey(k.ctx, "k", at(0)))
	k.ok(k.s.RevokeAPIKey(k.ctx, "k", at(0), follows("key 2")))

	k.ok(k.s.SwapKeySet(k.ctx, 0, []byte("one"), follows("set 1")))
	k.ok(k.s.SwapKeySet(k.ctx, 1, []byte("two"), follows("set 2")))
	k.ok(k.s.SwapKeySet(k.ctx, 2, []byte("three")))

	k.due(at(0), "user 1", "user 2", "session 1", "session 2", "session 3",
		"invitation 1", "invitation 2", "invitation 3", "key 1", "key 2", "set 1", "set 2")
}

func updateKeepsLeases(k *kit) {
	k.createUser(newUser("u"), follows("a"), follows("b"))
	due := k.claim(at(0))
	k.equal("how many are due", len(due), 2)
	k.ok(k.s.UpdateUser(k.ctx, newUser("u"), follows("c"))) // at the revision from before the claim
	k.claimOnce(at(time.Second), lease-time.Second, 1, "c")
	k.ok(k.s.Settle(k.ctx, due[0]))
	k.claimOnce(at(lease), lease, 2, "b", "c")
}

func claimsChangeNothing(k *kit) {
	u, s, i := newUser("u", email("a@example.com")), newSession("s", "u"), newInvitation("i", 1)
	k.createUser(u, follows("a"))
	k.ok(k.s.StartSession(k.ctx, s, follows("b")))
	k.ok(k.s.CreateInvitation(k.ctx, i, follows("c")))
	k.ok(k.s.SwapKeySet(k.ctx, 0, []byte("one"), follows("d")))
	unchanged := func() {
		k.Helper()
		k.equal("the user", k.user("u"), u)
		k.equal("the session", k.session("s"), s)
		k.equal("the invitation", k.invitation("i"), i)
		k.equal("the key set", k.keySet(), store.KeySet{Version: 1, Data: []byte("one")})
	}
	due := k.claim(at(0))
	unchanged()
	for _, d := range due {
		k.ok(k.s.Postpone(k.ctx, d, at(0)))
	}
	unchanged()
	k.ok(k.s.Settle(k.ctx, k.claim(at(0))...))
	unchanged()
}

func removedUserKeeps(k *kit) {
	name := email("a@example.com")
	k.createUser(newUser("u", name), follows("a"), follows("b"))
	due := k.claim(at(0))
	k.ok(k.s.Settle(k.ctx, due[0]))
	k.ok(k.s.RemoveUser(k.ctx, "u", 1))
	_, err := k.s.User(k.ctx, "u")
	k.refused(err, store.ErrNotFound)
	list, err := k.s.Users(k.ctx, "", 10)
	k.ok(err)
	k.equal("the list of users", list, []identity.User{})
	k.createUser(newUser("u2", name))
	k.due(at(lease), "b")
	k.ok(k.s.RemoveUser(k.ctx, "u", 1))
}

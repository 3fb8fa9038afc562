package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func users() []promise {
	return []promise{
		{"CreateUser stores a user at revision 1, whatever Rev says", createUserRevision},
		{"CreateUser makes a user the only holder of its identifiers", createUserNames},
		{"CreateUser with a taken id is ErrExists and changes nothing", createUserTakenID},
		{"CreateUser with a taken identifier is ErrExists and claims none of the others", createUserTakenName},
		{"of 100 concurrent CreateUser with one e-mail exactly one succeeds and the others get ErrExists", createUserRace},
		{"of 50 concurrent CreateUser with one id exactly one succeeds and the others hold no names", createUserIDRace},
		{"of concurrent users with the same names in another order exactly one is created", createUserCrossRace},
		{"names are equal only when kind and value are equal strings", namesAreExact},
		{"a user that is not there is ErrNotFound, by id and by name", userNotFound},
		{"User returns tombstones, and provisional and disabled users by name too", userReturnsAll},
		{"UpdateUser replaces every field and raises the revision by one", updateUserReplaces},
		{"UpdateUser at another revision is ErrStale and changes nothing", updateUserStale},
		{"UpdateUser of a user that is gone is ErrStale and claims nothing", updateUserGone},
		{"UpdateUser that gains a taken identifier is ErrExists and changes nothing", updateUserTakenName},
		{"an identifier that a user loses is free at once, to a new user and to another one", updateUserFreesNames},
		{"of 50 concurrent UpdateUser at one revision exactly one succeeds and the others claim nothing", updateUserRace},
		{"a name that concurrent updates of one user gain is held by it afterwards", updateUserSameNameRace},
		{"of 40 concurrent new and old users that gain one name exactly one gets it", gainNameRace},
		{"a name given up while others want it ends with one of them or free", handOverRace},
		{"RemoveUser deletes the record and frees its names at once", removeUser},
		{"RemoveUser at another revision is ErrStale and changes nothing", removeUserStale},
		{"RemoveUser of a user that is gone is no error", removeUserGone},
		{"of an update and a removal at one revision exactly one happens", removeUserRace},
		{"Users lists accounts behind an id, in the order of ids, up to the limit", listUsers},
		{"a name is found all through updates that keep it, and never with a user who does not list it", readersSeeWholeUpdates},
	}
}

func createUserRevision(k *kit) {
	u := newUser("u", email("a@example.com"))
	u.Rev = 77
	k.createUser(u)
	u.Rev = 1
	k.equal("the new user", k.user("u"), u)
}

func createUserNames(k *kit) {
	a, b, c := email("a@example.com"), email("b@example.com"), email("c@example.com")
	k.createUser(newUser("u1", a, b))
	k.createUser(newUser("u2", c))
	k.createUser(newUser("u3"))
	k.holds("u1", a)
	k.holds("u1", b)
	k.holds("u2", c)
	k.equal("the user u3, who has no names", k.user("u3"), newUser("u3"))
}

func createUserTakenID(k *kit) {
	first := newUser("u", email("a@example.com"))
	k.createUser(first)
	k.refused(k.s.CreateUser(k.ctx, newUser("u", email("b@example.com"))), store.ErrExists)
	k.equal("the first user", k.user("u"), first)
	k.holds("u", email("a@example.com"))
	k.holds("", email("b@example.com"))
	k.createUser(newUser("u2", email("b@example.com")))
}

func createUserTakenName(k *kit) {
	k.createUser(newUser("u1", email("b@example.com")))
	second := newUser("u2", email("a@example.com"), email("b@example.com"), email("c@example.com"))
	k.refused(k.s.CreateUser(k.ctx, second), store.ErrExists)
	_, err := k.s.User(k.ctx, "u2")
	k.refused(err, store.ErrNotFound)
	k.holds("u1", email("b@example.com"))
	k.holds("", email("a@example.com"))
	k.createUser(newUser("u3", email("a@example.com"), email("c@example.com")))
}

func createUserRace(k *kit) {
	name := email("a@example.com")
	own := func(i int) identity.Identifier { return email(fmt.Sprintf("own%d@example.com", i)) }
	id := func(i int) string { return fmt.Sprintf("u%d", i) }
	errs := race(100, func(i int) error {
		return k.s.CreateUser(k.ctx, newUser(id(i), name, own(i)), follows(id(i)))
	})
	won := k.winners(errs, 1, store.ErrExists)[0]
	k.holds(id(won), name)
	for i := range errs {
		if i != won {
			k.holds("", own(i))
			_, err := k.s.User(k.ctx, id(i))
			k.refused(err, store.ErrNotFound)
		}
	}
	k.due(at(0), id(won))
}

func createUserIDRace(k *kit) {
	own := func(i int) identity.Identifier { return email(fmt.Sprintf("own%d@example.com", i)) }
	errs := race(50, func(i int) error { return k.s.CreateUser(k.ctx, newUser("u", own(i))) })
	won := k.winners(errs, 1, store.ErrExists)[0]
	k.equal("the user", k.user("u"), newUser("u", own(won)))
	for i := range errs {
		holder := ""
		if i == won {
			holder = "u"
		}
		k.holds(holder, own(i))
	}
}

// Two users who each claim one name and then find the other one taken would both fail: a
// store that claims one by one has to do so in one order.
func createUserCrossRace(k *kit) {
	for round := range 10 {
		a, b := email(fmt.Sprintf("a%d@example.com", round)), email(fmt.Sprintf("b%d@example.com", round))
		id := func(i int) string { return fmt.Sprintf("u%d-%d", round, i) }
		errs := race(8, func(i int) error {
			names := []identity.Identifier{a, b}
			if i%2 == 0 {
				slices.Reverse(names)
			}
			return k.s.CreateUser(k.ctx, newUser(id(i), names...))
		})
		won := k.winners(errs, 1, store.ErrExists)[0]
		k.holds(id(won), a)
		k.holds(id(won), b)
	}
}

func namesAreExact(k *kit) {
	names := []identity.Identifier{{Kind: "username", Value: "a@example.com"}, {Kind: "Email", Value: "a@example.com"}}
	for _, v := range []string{
		"a@example.com", "A@example.com", " a@example.com", "a@example.com ", "a@example.com.",
		"caf\u00e9", "cafe\u0301", "cafe", "stra\u00dfe", "strasse", "\u212a", "k", "%", "_", "'", "\"", "$a", "a.b",
	} {
		names = append(names, email(v))
	}
	for i, name := range names {
		k.holds("", name)
		k.createUser(newUser(fmt.Sprintf("u%d", i), name))
	}
	for i, name := range names {
		k.holds(fmt.Sprintf("u%d", i), name)
	}
}

func userNotFound(k *kit) {
	k.createUser(newUser("u", email("a@example.com")))
	for _, id := range []string{"", "U", "u ", "x", "%", "' OR '1'='1", `{"$ne":null}`} {
		_, err := k.s.User(k.ctx, id)
		k.refused(err, store.ErrNotFound)
		k.holds("", email(id))
	}
}

func userReturnsAll(k *kit) {
	gone := newUser("gone")
	gone.Deleted = true
	coming := newUser("coming", email("a@example.com"))
	coming.Provisional = true
	shut := newUser("shut", email("b@example.com"))
	shut.Disabled = true
	for _, u := range []identity.User{gone, coming, shut} {
		k.createUser(u)
		k.equal("the user", k.user(u.ID), u)
	}
	k.holds("coming", email("a@example.com"))
	k.holds("shut", email("b@example.com"))
}

func updateUserReplaces(k *kit) {
	u := newUser("u", email("a@example.com"), email("b@example.com"))
	k.createUser(u)
	full := fullUser()
	full.ID, full.Rev, full.Identifiers = "u", 1, []identity.Identifier{email("b@example.com"), email("c@example.com")}
	k.ok(k.s.UpdateUser(k.ctx, full))
	full.Rev = 2
	k.equal("the user after one update", k.user("u"), full)
	k.holds("", email("a@example.com"))
	k.holds("u", email("b@example.com"))
	k.holds("u", email("c@example.com"))

	u.Rev = 2
	k.ok(k.s.UpdateUser(k.ctx, u))
	u.Rev = 3
	k.equal("the user after another update", k.user("u"), u)
	k.holds("u", email("a@example.com"))
	k.holds("", email("c@example.com"))
}

func updateUserStale(k *kit) {
	u := newUser("u", email("a@example.com"))
	k.createUser(u)
	k.ok(k.s.UpdateUser(k.ctx, u))
	u.Rev = 2
	for _, rev := range []int64{0, 1, 3} {
		bad := newUser("u", email("b@example.com"))
		bad.Rev, bad.Email = rev, "other"
		k.refused(k.s.UpdateUser(k.ctx, bad), store.ErrStale)
		k.equal("the user", k.user("u"), u)
		k.holds("u", email("a@example.com"))
		k.holds("", email("b@example.com"))
	}
	k.createUser(newUser("u2", email("b@example.com")))
}

func updateUserGone(k *kit) {
	k.refused(k.s.UpdateUser(k.ctx, newUser("u", email("a@example.com"))), store.ErrStale)
	_, err := k.s.User(k.ctx, "u")
	k.refused(err, store.ErrNotFound)
	k.holds("", email("a@example.com"))
	k.createUser(newUser("u2", email("a@example.com")))
}

func updateUserTakenName(k *kit) {
	u1, u2 := newUser("u1", email("a@example.com")), newUser("u2", email("t@example.com"))
	k.createUser(u1)
	k.createUser(u2)
	bad := newUser("u1", email("b@example.com"), email("t@example.com"), email("z@example.com"))
	bad.Email = "other"
	k.refused(k.s.UpdateUser(k.ctx, bad), store.ErrExists)
	k.equal("the user", k.user("u1"), u1)
	k.equal("the holder", k.user("u2"), u2)
	k.holds("u1", email("a@example.com"))
	k.holds("u2", email("t@example.com"))
	k.holds("", email("b@example.com"))
	k.holds("", email("z@example.com"))
	k.createUser(newUser("u3", email("b@example.com"), email("z@example.com")))
	k.ok(k.s.UpdateUser(k.ctx, newUser("u1", email("a@example.com"), email("y@example.com"))))
}

func updateUserFreesNames(k *kit) {
	k.createUser(newUser("u1", email("a@example.com"), email("b@example.com"), email("c@example.com")))
	k.createUser(newUser("u2"))
	k.ok(k.s.UpdateUser(k.ctx, newUser("u1", email("c@example.com"))))
	k.holds("", email("a@example.com"))
	k.createUser(newUser("u3", email("a@example.com")))
	k.ok(k.s.UpdateUser(k.ctx, newUser("u2", email("b@example.com"))))
	k.holds("u3", email("a@example.com"))
	k.holds("u2", email("b@example.com"))
	k.holds("u1", email("c@example.com"))
	back := newUser("u1", email("c@example.com"), email("a@example.com"))
	back.Rev = 2
	k.refused(k.s.UpdateUser(k.ctx, back), store.ErrExists)
}

func removeUser(k *kit) {
	k.createUser(newUser("u1", email("a@example.com"), email("b@example.com")))
	k.ok(k.s.RemoveUser(k.ctx, "u1", 1))
	_, err := k.s.User(k.ctx, "u1")
	k.refused(err, store.ErrNotFound)
	k.holds("", email("a@example.com"))
	list, err := k.s.Users(k.ctx, "", 10)
	k.ok(err)
	k.equal("the list", list, []identity.User{})
	k.createUser(newUser("u2", email("b@example.com"), email("a@example.com")))
}

func removeUserStale(k *kit) {
	u := newUser("u", email("a@example.com"))
	k.createUser(u)
	k.ok(k.s.UpdateUser(k.ctx, u))
	u.Rev = 2
	for _, rev := range []int64{0, 1, 3} {
		k.refused(k.s.RemoveUser(k.ctx, "u", rev), store.ErrStale)
	}
	k.equal("the user", k.user("u"), u)
	k.holds("u", email("a@example.com"))
}

func removeUserGone(k *kit) {
	k.ok(k.s.RemoveUser(k.ctx, "never", 1))
	k.createUser(newUser("u"))
	k.ok(k.s.RemoveUser(k.ctx, "u", 1))
	k.ok(k.s.RemoveUser(k.ctx, "u", 1))
	k.ok(k.s.RemoveUser(k.ctx, "u", 2))
}

func listUsers(k *kit) {
	ids := []string{"B", "a", "9", "b", "A", "aa", "Z", "z", "1"}
	for _, id := range ids {
		k.createUser(newUser(id, email(id+"@example.com")))
	}
	slices.Sort(ids)
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		page, err := k.s.Users(k.ctx, after, 4)
		k.ok(err)
		if len(page) > 4 || len(page) == 0 && len(got) < len(ids) {
			k.Fatalf("a page of %d users after %d, want at most 4 and at least 1", len(page), len(got))
		}
		if len(page) == 0 {
			break
		}
		for _, u := range page {
			k.equal("the listed user", u, newUser(u.ID, email(u.ID+"@example.com")))
			got = append(got, u.ID)
		}
	}
	k.equal("the ids in pages of 4", got, ids)
	page, err := k.s.Users(k.ctx, "AA", 2) // not an id of anybody
	k.ok(err)
	k.equal("the page behind AA", []string{page[0].ID, page[1].ID}, []string{"B", "Z"})
}

func readersSeeWholeUpdates(k *kit) {
	kept, other := email("kept@example.com"), email("other@example.com")
	k.createUser(newUser("u", kept))
	var over atomic.Bool
	errs := race(5, func(i int) error {
		if i > 0 {
			return readUntil(k, &over, kept, other)
		}
		defer over.Store(true)
		u := newUser("u", kept)
		for rev := range int64(40) {
			u.Rev, u.Identifiers = rev+1, []identity.Identifier{kept}
			if rev%2 == 0 {
				u.Identifiers = []identity.Identifier{other, kept}
			}
			if err := k.s.UpdateUser(k.ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
	k.all(errs)
}

func readUntil(k *kit, over *atomic.Bool, kept, other identity.Identifier) error {
	for !over.Load() {
		if _, err := k.s.UserByIdentifier(k.ctx, kept); err != nil {
			return fmt.Errorf("the name that is kept: %w", err)
		}
		u, err := k.s.UserByIdentifier(k.ctx, other)
		if err == nil && !slices.Contains(u.Identifiers, other) {
			return errors.New("found by a name that the user does not list")
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("the name that comes and goes: %w", err)
		}
	}
	return nil
}

package storetest

import (
	"errors"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func updateUserRace(k *kit) {
	a := email("a@example.com")
	own := func(i int) identity.Identifier { return email(fmt.Sprintf("own%d@example.com", i)) }
	k.createUser(newUser("u", a))
	errs := race(50, func(i int) error {
		u := newUser("u", a, own(i))
		u.Email = own(i).Value
		return k.s.UpdateUser(k.ctx, u, follows(own(i).Value))
	})
	won := k.winners(errs, 1, store.ErrStale)[0]
	want := newUser("u", a, own(won))
	want.Rev, want.Email = 2, own(won).Value
	k.equal("the user", k.user("u"), want)
	for i := range errs {
		holder := ""
		if i == won {
			holder = "u"
		}
		k.holds(holder, own(i))
	}
	k.due(at(0), own(won).Value)
}

// The losers must not take back a name that the winner has made the user's.
func updateUserSameNameRace(k *kit) {
	for round := range 5 {
		a, b := email(fmt.Sprintf("a%d@example.com", round)), email(fmt.Sprintf("b%d@example.com", round))
		id := fmt.Sprintf("u%d", round)
		k.createUser(newUser(id, a))
		errs := race(20, func(int) error { return k.s.UpdateUser(k.ctx, newUser(id, b)) })
		k.winners(errs, 1, store.ErrStale)
		k.holds(id, b)
		k.holds("", a)
		k.refused(k.s.CreateUser(k.ctx, newUser(id+"x", b)), store.ErrExists)
	}
}

func gainNameRace(k *kit) {
	name := email("wanted@example.com")
	id := func(i int) string { return fmt.Sprintf("u%d", i) }
	own := func(i int) identity.Identifier { return email(fmt.Sprintf("own%d@example.com", i)) }
	k.all(race(20, func(i int) error { return k.s.CreateUser(k.ctx, newUser(id(i), own(i))) }))
	errs := race(40, func(i int) error {
		if i < 20 {
			return k.s.UpdateUser(k.ctx, newUser(id(i), own(i), name))
		}
		return k.s.CreateUser(k.ctx, newUser(id(i), own(i), name))
	})
	won := k.winners(errs, 1, store.ErrExists)[0]
	k.holds(id(won), name)
	for i := range 20 {
		if i != won {
			k.equal("an old user who did not get the name", k.user(id(i)), newUser(id(i), own(i)))
		}
	}
}

func handOverRace(k *kit) {
	for round := range 5 {
		name := email(fmt.Sprintf("name%d@example.com", round))
		id := func(i int) string { return fmt.Sprintf("u%d-%d", round, i) }
		k.createUser(newUser(id(0), name))
		errs := race(10, func(i int) error {
			if i == 0 {
				return k.s.UpdateUser(k.ctx, newUser(id(0)))
			}
			return k.s.CreateUser(k.ctx, newUser(id(i), name))
		})
		k.ok(errs[0])
		holder := ""
		for i, err := range errs[1:] {
			switch {
			case err == nil && holder == "":
				holder = id(i + 1)
			case err == nil:
				k.Fatalf("both %s and %s got the name", holder, id(i+1))
			default:
				k.refused(err, store.ErrExists)
			}
		}
		k.holds(holder, name)
		if holder == "" {
			k.createUser(newUser(id(10), name))
		}
	}
}

func removeUserRace(k *kit) {
	for round := range 10 {
		id, name := fmt.Sprintf("u%d", round), email(fmt.Sprintf("a%d@example.com", round))
		k.createUser(newUser(id, name))
		errs := race(2, func(i int) error {
			if i == 0 {
				return k.s.UpdateUser(k.ctx, newUser(id, name))
			}
			return k.s.RemoveUser(k.ctx, id, 1)
		})
		won := k.winners(errs, 1, store.ErrStale)[0]
		if won == 0 {
			k.holds(id, name)
			continue
		}
		k.holds("", name)
		if _, err := k.s.User(k.ctx, id); !errors.Is(err, store.ErrNotFound) {
			k.Fatalf("the removed user is still there (error %v)", err)
		}
		k.createUser(newUser(id+"x", name))
	}
}

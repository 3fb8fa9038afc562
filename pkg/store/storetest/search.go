package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func searches() []promise {
	return []promise{
		{"SearchUsers finds an account by each of its terms and by what one begins with, byte for byte", searchBeginnings},
		{"SearchUsers finds nothing by what is in the middle of a term or goes beyond it", searchNoMiddle},
		{"SearchUsers wants each word to begin a term, and the user type to be that one", searchEveryWord},
		{"SearchUsers takes every character for itself", searchLiteral},
		{"SearchUsers without words finds every active account, those without terms too", searchNoWords},
		{"SearchUsers finds no account that is deleted or provisional", searchActive},
		{"SearchUsers lists the newest first, those of one moment by the bytes of their ids, both descending", searchOrder},
		{"SearchUsers counts all it finds, whatever the page, and a page behind the last is empty", searchPages},
		{"SearchUsers returns accounts whole", searchWhole},
		{"an account is found by what it is after an update and no more by what it was", searchAfterUpdate},
		{"an update that does not happen changes nothing of what an account is found by", searchAfterNoUpdate},
		{"an account that is gone is found no more", searchAfterRemoval},
		{"an account that is found before and after each of many updates is found all through them", searchThroughUpdates},
		{"SearchUsers finds among many accounts what it should, however many that are", searchMany},
	}
}

// person returns an account with names, made so long after the suite's clock.
func person(id string, after time.Duration, display string) identity.User {
	u := newUser(id)
	u.Profile.DisplayName, u.CreatedAt = display, at(after)
	return u
}

func words(w ...string) store.UserQuery { return store.UserQuery{Words: w, Limit: 100} }

// finds ends the check unless q finds exactly these accounts, in this order.
func (k *kit) finds(q store.UserQuery, ids ...string) {
	k.Helper()
	page, total, err := k.s.SearchUsers(k.ctx, q)
	k.ok(err)
	got := make([]string, 0, len(page))
	for _, u := range page {
		got = append(got, u.ID)
	}
	k.equal(fmt.Sprintf("what %+v finds", q), got, ids)
	k.equal(fmt.Sprintf("the count of what %+v finds", q), total, int64(len(ids)))
}

func searchBeginnings(k *kit) {
	u := newUser("u", email("ada.l@example.com"))
	u.Email, u.Username = "Ada.L@Example.com", "Countess"
	u.Profile = identity.Profile{Name: "Ada", LastName: "Łovelace O'Neil", DisplayName: "愛田 Ada", Phone: "+49 (30) 123", Mobile: "0171-5"}
	k.createUser(u)
	other := person("other", time.Hour, "adx")
	k.createUser(other)
	terms := u.SearchTerms()
	if len(terms) < 8 {
		k.Fatalf("the account has only the terms %q", terms)
	}
	for _, term := range terms {
		for end := range term {
			if begin := term[:end]; begin != "" && !strings.HasPrefix("adx", begin) {
				k.finds(words(begin), "u")
			}
		}
		k.finds(words(term), "u")
	}
	k.finds(words("ad"), "other", "u")
	k.finds(words("a"), "other", "u")
}

func searchNoMiddle(k *kit) {
	k.createUser(person("u", 0, "lovelace ada éa"))
	for _, w := range []string{"ovelace", "lovelaces", "lovelacex", "da", "lovelaceada", "\u00e8", "\u00ea", "e", "z", "a\u0301", "\U0010ffff"} {
		k.finds(words(w))
	}
}

func searchEveryWord(k *kit) {
	k.createUser(person("both", 2*time.Second, "ada lovelace"))
	k.createUser(person("first", time.Second, "ada byron"))
	admin := person("admin", 0, "ada lovelace")
	admin.UserType = identity.Admin
	k.createUser(admin)
	k.finds(words("ada"), "both", "first", "admin")
	k.finds(words("love", "ad"), "both", "admin")
	k.finds(words("ad", "ada"), "both", "first", "admin")
	k.finds(words("ada", "lovelace", "byron"))
	k.finds(words("ada", "x"))
	for userType, want := range map[string][]string{
		identity.Admin: {"admin"}, identity.Customer: {"both"}, identity.Superadmin: nil, "adm": nil, "Admin": nil, "%": nil,
	} {
		k.finds(store.UserQuery{Words: []string{"lovelace"}, UserType: userType, Limit: 5}, want...)
	}
	k.finds(store.UserQuery{UserType: identity.Admin, Limit: 5}, "admin")
	k.finds(store.UserQuery{UserType: "adm", Limit: 5})
}

func searchLiteral(k *kit) {
	odd := []string{
		".*", "^(a+)+$", "$where", "%", "_", "'", `"`, `\`, "[a", "(?i)a", "*", `{"$ne":null}`, "a%", "a.c", "a_c", "--", ";", "a*", `\qx\e`, "a|b", "\u212b",
		"\U0001f98a", "#", "$1", "?", "&", "/", "<b>", "\u200b",
	}
	k.createUser(person("plain", time.Hour, "abc aac bcd where x ne null"))
	for i, w := range odd {
		k.createUser(person(fmt.Sprintf("u%02d", i), 0, w))
	}
	for i, w := range odd {
		canonical, err := identity.SearchWords(w)
		k.ok(err)
		want := []string{}
		for j := len(odd) - 1; j >= 0; j-- {
			if j == i || strings.HasPrefix(odd[j], canonical[0]) {
				want = append(want, fmt.Sprintf("u%02d", j))
			}
		}
		k.finds(words(canonical...), want...)
	}
}

func searchNoWords(k *kit) {
	k.finds(words())
	k.createUser(newUser("b"))
	k.createUser(newUser("a"))
	shut := newUser("c", email("c@example.com"))
	shut.Disabled, shut.UserType = true, identity.Admin
	k.createUser(shut)
	k.finds(words(), "c", "b", "a")
	k.finds(store.UserQuery{UserType: identity.Customer, Limit: 5}, "b", "a")
	k.finds(words("c@example.com"), "c")
}

func searchActive(k *kit) {
	gone, coming := person("gone", 0, "ada"), person("coming", 0, "ada")
	gone.Deleted, coming.Provisional = true, true
	k.createUser(gone)
	k.createUser(coming)
	k.createUser(person("there", 0, "ada"))
	k.finds(words(), "there")
	k.finds(words("ada"), "there")
	k.finds(store.UserQuery{UserType: identity.Customer, Limit: 5}, "there")
	coming.Provisional = false
	k.ok(k.s.UpdateUser(k.ctx, coming))
	k.finds(words("ada"), "there", "coming")
	there := person("there", 0, "ada")
	there.Deleted = true
	k.ok(k.s.UpdateUser(k.ctx, there))
	k.finds(words(), "coming")
	k.finds(words("ada"), "coming")
}

func searchOrder(k *kit) {
	for _, id := range []string{"b", "B", "a", "aa", "Z", "é", "1"} {
		k.createUser(person(id, time.Minute, "ada"))
	}
	k.createUser(person("newest", time.Minute+time.Millisecond, "ada"))
	k.createUser(person("0old", -100*365*24*time.Hour, "ada"))
	zero := person("zzz", 0, "ada")
	zero.CreatedAt = time.Time{}
	k.createUser(zero)
	before1970 := person("1960s", 0, "ada")
	before1970.CreatedAt = time.Date(1965, 1, 1, 0, 0, 0, int(time.Millisecond), time.UTC)
	k.createUser(before1970)
	want := []string{"newest", "é", "b", "aa", "a", "Z", "B", "1", "0old", "1960s", "zzz"}
	k.finds(words(), want...)
	k.finds(words("ad"), want...)
	k.finds(store.UserQuery{UserType: identity.Customer, Limit: 50}, want...)
}

func searchPages(k *kit) {
	for i := range 7 {
		k.createUser(person(fmt.Sprintf("u%d", i), time.Duration(i)*time.Second, "ada"))
	}
	k.createUser(person("other", time.Hour, "bob"))
	for _, c := range []struct {
		skip, limit int
		want        []string
	}{
		{0, 3, []string{"u6", "u5", "u4"}},
		{3, 3, []string{"u3", "u2", "u1"}},
		{6, 3, []string{"u0"}},
		{7, 3, nil},
		{1000, 3, nil},
		{0, 7, []string{"u6", "u5", "u4", "u3", "u2", "u1", "u0"}},
		{0, 0, nil},
		{2, 0, nil},
		{0, -1, nil},
		{-5, 1, []string{"u6"}},
	} {
		what := fmt.Sprintf("the page of %d behind %d", c.limit, c.skip)
		page, total, err := k.s.SearchUsers(k.ctx, store.UserQuery{Words: []string{"ada"}, Skip: c.skip, Limit: c.limit})
		k.ok(err)
		var ids []string
		for _, u := range page {
			ids = append(ids, u.ID)
		}
		k.equal(what, ids, c.want)
		k.equal("the total of "+what, total, int64(7))
		for userType, all := range map[string]int64{"": 8, identity.Customer: 8, "x": 0} {
			page, total, err := k.s.SearchUsers(k.ctx, store.UserQuery{UserType: userType, Skip: c.skip, Limit: c.limit})
			k.ok(err)
			k.equal("the length of "+what, int64(len(page)), max(0, min(all-int64(max(0, c.skip)), int64(max(0, c.limit)))))
			k.equal("the total of "+what, total, all)
		}
	}
}

func searchWhole(k *kit) {
	u := fullUser()
	u.Deleted, u.Provisional = false, false
	k.createUser(u)
	for _, q := range []store.UserQuery{words("full", "user"), words(), {UserType: identity.Superadmin, Limit: 1}} {
		page, _, err := k.s.SearchUsers(k.ctx, q)
		k.ok(err)
		k.equal("the account that is found", page, []identity.User{u})
		page[0].Identifiers[0].Value, page[0].KnownClients[0] = "changed", "changed" // it is the caller's own
	}
}

func searchAfterUpdate(k *kit) {
	u := person("u", 0, "ada lovelace")
	k.createUser(u)
	k.createUser(person("v", -time.Hour, "bob"))
	u.Profile.DisplayName, u.Rev = "ada byron", 1
	k.ok(k.s.UpdateUser(k.ctx, u))
	k.finds(words("lovelace"))
	k.finds(words("byron"), "u")
	k.finds(words("ada"), "u")
	u.UserType, u.Rev = identity.Admin, 2
	k.ok(k.s.UpdateUser(k.ctx, u))
	k.finds(store.UserQuery{Words: []string{"byron"}, UserType: identity.Customer, Limit: 5})
	k.finds(store.UserQuery{Words: []string{"byron"}, UserType: identity.Admin, Limit: 5}, "u")
	k.finds(store.UserQuery{UserType: identity.Customer, Limit: 5}, "v")
	u.CreatedAt, u.Rev = at(-2*time.Hour), 3
	k.ok(k.s.UpdateUser(k.ctx, u))
	k.finds(words(), "v", "u")
	u.Profile.DisplayName, u.Rev = "", 4
	k.ok(k.s.UpdateUser(k.ctx, u))
	k.finds(words("byron"))
	k.finds(words(), "v", "u")
	u.Email, u.Rev = "new@example.com", 5
	k.ok(k.s.UpdateUser(k.ctx, u))
	k.finds(words("example.com"), "u")
}

func searchAfterNoUpdate(k *kit) {
	k.createUser(newUser("holder", email("taken@example.org")))
	k.createUser(person("u", time.Hour, "ada"))
	stale := person("u", time.Hour, "byron")
	stale.Rev = 7
	k.refused(k.s.UpdateUser(k.ctx, stale), store.ErrStale)
	taken := person("u", time.Hour, "byron")
	taken.Identifiers = []identity.Identifier{email("taken@example.org")}
	k.refused(k.s.UpdateUser(k.ctx, taken), store.ErrExists)
	k.refused(k.s.UpdateUser(k.ctx, person("nobody", 0, "byron")), store.ErrStale)
	k.refused(k.s.CreateUser(k.ctx, person("u", 0, "byron")), store.ErrExists)
	second := person("second", 0, "byron")
	second.Identifiers = taken.Identifiers
	k.refused(k.s.CreateUser(k.ctx, second), store.ErrExists)
	k.refused(k.s.RemoveUser(k.ctx, "u", 7), store.ErrStale)
	k.finds(words("byron"))
	k.finds(words("ada"), "u")
	k.finds(words(), "u", "holder")
}

func searchAfterRemoval(k *kit) {
	k.createUser(person("u", 0, "ada"))
	k.createUser(person("v", 0, "ada"))
	k.ok(k.s.RemoveUser(k.ctx, "u", 1))
	k.finds(words("ada"), "v")
	k.finds(words(), "v")
	k.createUser(person("u", 0, "byron")) // again, and another
	k.finds(words("ada"), "v")
	k.finds(words("byron"), "u")
	gone := newUser("v")
	gone.Deleted = true
	k.ok(k.s.UpdateUser(k.ctx, gone))
	k.sweep(at(time.Hour))
	k.finds(words("ada"))
	k.finds(words(), "u")
	k.createUser(person("v", 0, "carol"))
	k.finds(words("ada"))
	k.finds(words("c"), "v")
}

func searchThroughUpdates(k *kit) {
	k.createUser(person("u", 0, "ada lovelace"))
	var over atomic.Bool
	errs := race(3, func(i int) error {
		if i > 0 {
			return searchUntil(k, &over)
		}
		defer over.Store(true)
		for rev := range int64(40) {
			u := person("u", 0, []string{"ada byron", "ada lovelace"}[rev%2])
			u.Rev = rev + 1
			if err := k.s.UpdateUser(k.ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
	k.all(errs)
}

func searchUntil(k *kit, over *atomic.Bool) error {
	for !over.Load() {
		page, total, err := k.s.SearchUsers(k.ctx, words("ad"))
		if err != nil {
			return err
		}
		if len(page) != 1 || total != 1 {
			return errors.New("an account that could be found all the time was not")
		}
	}
	return nil
}

// searchMany makes words that few, many and all accounts are found by. A store may go about
// each in another way, and must find the same.
func searchMany(k *kit) {
	const n = 1300
	people := make([]identity.User, n)
	for i := range people {
		people[i] = person(fmt.Sprintf("u%04d", i*7919%n), time.Duration(i%100)*time.Second,
			fmt.Sprintf("all%d half%d tenth%d ada%d", i%13, i%2, i%10, i))
		if i%3 == 0 {
			people[i].UserType = identity.Admin
		}
	}
	k.all(race(n, func(i int) error { return k.s.CreateUser(k.ctx, people[i]) }))
	slices.SortFunc(people, func(a, b identity.User) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(b.ID, a.ID))
	})
	for _, w := range [][]string{
		{}, {"all"}, {"half"}, {"half1"}, {"all", "half0"}, {"all", "half1", "tenth3"}, {"tenth4"}, {"ada12"}, {"ada1299"}, {"all", "ada77"}, {"all", "half", "tenth", "ada"},
	} {
		for _, userType := range []string{"", identity.Admin} {
			var want []string
			for _, u := range people {
				if finds(store.UserQuery{Words: w, UserType: userType}, u) {
					want = append(want, u.ID)
				}
			}
			for _, skip := range []int{0, len(want) / 2, len(want) - 3} {
				skip = max(0, skip)
				q := store.UserQuery{Words: w, UserType: userType, Skip: skip, Limit: 10}
				page, total, err := k.s.SearchUsers(k.ctx, q)
				k.ok(err)
				var ids []string
				for _, u := range page {
					ids = append(ids, u.ID)
				}
				k.equal(fmt.Sprintf("what %+v finds", q), ids, want[min(skip, len(want)):min(skip+10, len(want))])
				k.equal(fmt.Sprintf("the count of what %+v finds", q), total, int64(len(want)))
			}
		}
	}
}

// finds is the contract in a few lines.
func finds(q store.UserQuery, u identity.User) bool {
	if !u.Active() || q.UserType != "" && u.UserType != q.UserType {
		return false
	}
	terms := u.SearchTerms()
	return !slices.ContainsFunc(q.Words, func(w string) bool {
		return !slices.ContainsFunc(terms, func(t string) bool { return strings.HasPrefix(t, w) })
	})
}

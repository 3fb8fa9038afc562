package mongo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// ada returns an account that is called so.
func ada(id string) identity.User {
	u := user(id)
	u.Profile.DisplayName = "Ada"
	return u
}

func (k *kit) finds(words []string, ids ...string) {
	k.Helper()
	page, total, err := k.SearchUsers(k.Context(), store.UserQuery{Words: words, Limit: 100})
	k.ok(err)
	var got []string
	for _, u := range page {
		got = append(got, u.ID)
	}
	if d := cmp.Diff(ids, got); d != "" || int(total) != len(ids) {
		k.Fatalf("%q finds %d (-want +got):\n%s", words, total, d)
	}
}

// forget makes accounts as they were before there was a search.
func (k *kit) forget(ids ...string) {
	k.Helper()
	_, err := k.DB().Collection("users").UpdateMany(k.Context(), bson.M{"_id": bson.M{"$in": ids}}, bson.M{"$unset": bson.M{"terms": "", "active": ""}})
	k.ok(err)
}

func TestAccountsOfAnOlderVersionAreFoundAfterAStartOrASweep(t *testing.T) {
	k := newKit(t)
	for i := range 3 {
		k.ok(k.CreateUser(t.Context(), ada(fmt.Sprintf("u%d", i))))
	}
	gone := user("gone")
	gone.Deleted = true
	k.ok(k.CreateUser(t.Context(), gone))
	k.forget("u0", "u2", "gone")
	k.finds([]string{"ada"}, "u1")
	removed, err := k.Sweep(t.Context(), start.Add(time.Hour))
	k.ok(err)
	if removed != 1 { // the tombstone
		t.Errorf("swept %d", removed)
	}
	k.finds([]string{"ada"}, "u2", "u1", "u0")
	k.finds(nil, "u2", "u1", "u0")
}

func TestAStartMakesAccountsFindable(t *testing.T) {
	uri := mongotest.URI(t)
	c := &clock{now: start}
	k := &kit{T: t, Store: open(t, uri, c.Now), clock: c}
	const n = mongo.SweepBatch + 7
	docs := make([]any, 0, n)
	for i := range n {
		docs = append(docs, bson.M{"_id": fmt.Sprintf("u%04d", i), "id": fmt.Sprintf("u%04d", i), "rev": 1, "email": "ada@example.com", "created_at": start})
	}
	_, err := k.DB().Collection("users").InsertMany(t.Context(), docs)
	k.ok(err)
	k.finds([]string{"ada"})
	again := &kit{T: t, Store: open(t, uri, c.Now), clock: c}
	if _, total, err := again.SearchUsers(t.Context(), store.UserQuery{Words: []string{"ada"}}); err != nil || total != n {
		t.Errorf("%d of %d are found, error %v", total, n, err)
	}
}

func TestFewAreOrderedHereAndManyThere(t *testing.T) {
	k := newKit(t)
	for i := range 7 {
		u := ada(fmt.Sprintf("u%d", i))
		u.CreatedAt = start.Add(time.Duration(i/2) * time.Minute)
		k.ok(k.CreateUser(t.Context(), u))
	}
	for _, limit := range []int{0, 3, 100} {
		for _, skip := range []int{0, 5, 7, 9} {
			q := store.UserQuery{Words: []string{"a"}, Skip: skip, Limit: limit}
			here, total, err := k.SearchKeys(t.Context(), q, 7)
			k.ok(err)
			there, sameTotal, err := k.SearchKeys(t.Context(), q, 6)
			k.ok(err)
			if d := cmp.Diff(here, there); d != "" || total != 7 || sameTotal != 7 {
				t.Errorf("%+v: %d here, %d there (-here +there):\n%s", q, total, sameTotal, d)
			}
		}
	}
}

func TestAScratchDatabaseIsDroppedAndNoOther(t *testing.T) {
	uri := mongotest.URI(t)
	k := &kit{T: t, Store: open(t, uri, time.Now), clock: &clock{now: start}}
	k.ok(k.CreateUser(t.Context(), ada("u")))
	scratch, discard, err := mongo.OpenScratch(t.Context(), uri, mongo.Options{Standalone: mongotest.Standalone(t), Now: time.Now, Patience: time.Minute})
	k.ok(err)
	k.ok(scratch.CreateUser(t.Context(), ada("v")))
	name := scratch.DB().Name()
	there := func() []string {
		names, err := k.DB().Client().ListDatabaseNames(t.Context(), bson.M{})
		k.ok(err)
		return names
	}
	if !slices.Contains(there(), name) || !strings.HasPrefix(name, "gatehouse_scratch_") {
		t.Fatalf("the scratch database is %q, and there are %q", name, there())
	}
	k.ok(discard())
	if slices.Contains(there(), name) {
		t.Errorf("the scratch database is still among %q", there())
	}
	k.finds([]string{"ada"}, "u")
}

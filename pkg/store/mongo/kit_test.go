package mongo_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo"
	"github.com/gatehouse-id/gatehouse/pkg/store/mongo/mongotest"
)

// start is the time that every test's clock begins at.
var start = time.Date(2030, time.March, 1, 12, 0, 0, 0, time.UTC)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// claimDoc is a claim as it lies in the database.
type claimDoc struct {
	ID        string    `bson:"_id"`
	UID       string    `bson:"uid"`
	Rev       int64     `bson:"rev"`
	At        time.Time `bson:"at"`
	Call      string    `bson:"call"`
	Confirmed bool      `bson:"confirmed"`
}

// kit is a store with a clock of its own, and steps that end the test when they fail.
type kit struct {
	*testing.T
	*mongo.Store
	clock *clock
}

func newKit(t *testing.T) *kit {
	t.Helper()
	c := &clock{now: start}
	return &kit{T: t, Store: open(t, mongotest.URI(t), c.Now), clock: c}
}

func open(t *testing.T, uri string, now func() time.Time) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), uri, mongo.Options{Standalone: mongotest.Standalone(t), Now: now, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func email(value string) identity.Identifier {
	return identity.Identifier{Kind: identity.EmailIdentifier, Value: value}
}

func user(id string, names ...string) identity.User {
	u := identity.User{ID: id, Rev: 1, CreatedAt: start}
	for _, n := range names {
		u.Identifiers = append(u.Identifiers, email(n))
	}
	return u
}

func (k *kit) ok(err error) {
	k.Helper()
	if err != nil {
		k.Fatalf("unexpected error: %v", err)
	}
}

func (k *kit) refused(err, target error) {
	k.Helper()
	if !errors.Is(err, target) {
		k.Fatalf("got error %v, want %v", err, target)
	}
}

// holds ends the test unless the name is held by the user with this id, nobody if it is empty.
func (k *kit) holds(id, name string) {
	k.Helper()
	u, err := k.UserByIdentifier(k.Context(), email(name))
	if id == "" && errors.Is(err, store.ErrNotFound) {
		return
	}
	if err != nil || u.ID != id {
		k.Fatalf("%s is held by %q (error %v), want %q", name, u.ID, err, id)
	}
}

// tidy sweeps a minute later and ends the test unless the claims are then exactly those of the
// names that users list, all confirmed, and no name is listed twice.
func (k *kit) tidy() {
	k.Helper()
	k.clock.advance(store.ClaimTimeout + time.Second)
	_, err := k.Sweep(k.Context(), k.clock.Now())
	k.ok(err)
	users, err := k.Users(k.Context(), "", 100)
	k.ok(err)
	listed, claimed := map[string]string{}, map[string]string{}
	for _, u := range users {
		for _, n := range u.Identifiers {
			if other := listed[n.Value]; other != "" {
				k.Fatalf("both %s and %s list %s", other, u.ID, n.Value)
			}
			listed[n.Value] = u.ID
		}
	}
	for _, c := range k.claims() {
		claimed[c.ID[len("email:"):]] = c.UID
		if !c.Confirmed {
			k.Errorf("the claim %s is not confirmed", c.ID)
		}
	}
	if d := cmp.Diff(listed, claimed); d != "" {
		k.Fatalf("names that users list (-) and that are claimed (+):\n%s", d)
	}
}

func (k *kit) claims() []claimDoc {
	k.Helper()
	var all []claimDoc
	cursor, err := k.DB().Collection("identifiers").Find(k.Context(), bson.M{}, options.Find().SetSort(bson.M{"_id": 1}))
	k.ok(err)
	k.ok(cursor.All(k.Context(), &all))
	return all
}

func (k *kit) putClaim(c claimDoc) {
	k.Helper()
	_, err := k.DB().Collection("identifiers").InsertOne(k.Context(), c)
	k.ok(err)
}

// dropClaims removes the claims of names behind the store's back.
func (k *kit) dropClaims(names ...string) {
	k.Helper()
	for _, n := range names {
		_, err := k.DB().Collection("identifiers").DeleteOne(k.Context(), bson.M{"_id": "email:" + n})
		k.ok(err)
	}
}

var errCrash = errors.New("the process is gone")

// during has do called once, when a flow reaches the step; an error from it ends the flow.
func (k *kit) during(step string, do func() error) {
	k.OnStep(func(name string) error {
		if name != step {
			return nil
		}
		k.OnStep(nil)
		return do()
	})
}

// userIDs returns the ids of all accounts.
func (k *kit) userIDs() []string {
	k.Helper()
	users, err := k.Users(k.Context(), "", 1000)
	k.ok(err)
	ids := []string{}
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	slices.Sort(ids)
	return ids
}

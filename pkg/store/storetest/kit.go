package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// kit is what a check works with: the store, and steps that end the check when they fail.
type kit struct {
	*testing.T
	s   store.Store // nil where there are only blobs
	b   store.Blobs
	ctx context.Context
}

// ok ends the check unless err is nil.
func (k *kit) ok(err error) {
	k.Helper()
	if err != nil {
		k.Fatalf("unexpected error: %v", err)
	}
}

// refused ends the check unless err is target.
func (k *kit) refused(err, target error) {
	k.Helper()
	if !errors.Is(err, target) {
		k.Fatalf("got error %v, want %v", err, target)
	}
}

// equal ends the check unless got is want: nil and empty slices are one, JSON is compared as
// a value, digit for digit.
func (k *kit) equal(what string, got, want any) {
	k.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), sameJSON()); d != "" {
		k.Fatalf("%s differs (-want +got):\n%s", what, d)
	}
}

// sameJSON compares raw JSON as values. The filter is by type: a function of RawMessage would
// take plain bytes too.
func sameJSON() cmp.Option {
	isJSON := func(p cmp.Path) bool { return p.Last().Type() == reflect.TypeFor[json.RawMessage]() }
	notEmpty := func(a, b json.RawMessage) bool { return len(a)+len(b) > 0 } // EquateEmpty has those
	same := func(a, b json.RawMessage) bool {
		va, okA := decode(a)
		vb, okB := decode(b)
		return okA && okB && reflect.DeepEqual(va, vb)
	}
	return cmp.FilterPath(isJSON, cmp.FilterValues(notEmpty, cmp.Comparer(same)))
}

func decode(raw json.RawMessage) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, errors.Is(err, io.EOF)
}

func (k *kit) createUser(u identity.User, also ...identity.Consequence) {
	k.Helper()
	k.ok(k.s.CreateUser(k.ctx, u, also...))
}

func (k *kit) user(id string) identity.User {
	k.Helper()
	u, err := k.s.User(k.ctx, id)
	k.ok(err)
	return u
}

// holds ends the check unless the name is held by the user with this id, or by nobody when
// id is empty.
func (k *kit) holds(id string, name identity.Identifier) {
	k.Helper()
	u, err := k.s.UserByIdentifier(k.ctx, name)
	if id == "" {
		if !errors.Is(err, store.ErrNotFound) {
			k.Fatalf("%v is held by %q (error %v), want nobody", name, u.ID, err)
		}
		return
	}
	if err != nil || u.ID != id {
		k.Fatalf("%v is held by %q (error %v), want %q", name, u.ID, err, id)
	}
}

func (k *kit) session(id string) identity.Session {
	k.Helper()
	s, err := k.s.Session(k.ctx, id)
	k.ok(err)
	return s
}

func (k *kit) invitation(id string) identity.Invitation {
	k.Helper()
	i, err := k.s.Invitation(k.ctx, id)
	k.ok(err)
	return i
}

func (k *kit) apiKey(id string) identity.APIKey {
	k.Helper()
	a, err := k.s.APIKey(k.ctx, id)
	k.ok(err)
	return a
}

func (k *kit) keySet() store.KeySet {
	k.Helper()
	set, err := k.s.KeySet(k.ctx)
	k.ok(err)
	return set
}

// lease is how long the suite's claims last, unless a check says otherwise.
const lease = time.Hour

// claim claims all that is due at now, sorted by id.
func (k *kit) claim(now time.Time) []store.Due {
	k.Helper()
	var all []store.Due
	for {
		due, err := k.s.ClaimDue(k.ctx, now, lease, 50)
		k.ok(err)
		if len(due) == 0 {
			break
		}
		if all = append(all, due...); len(all) > 1000 {
			k.Fatalf("ClaimDue never ends: the consequences it returned are still due")
		}
	}
	slices.SortFunc(all, func(a, b store.Due) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	return all
}

// due ends the check unless exactly these consequences are due at now; it claims them.
func (k *kit) due(now time.Time, ids ...string) {
	k.Helper()
	got := make([]string, 0, len(ids))
	for _, d := range k.claim(now) {
		got = append(got, d.ID)
	}
	slices.Sort(ids)
	k.equal("the ids of what is due", got, ids)
}

// race calls f(0) to f(n-1) at once, each in a goroutine of its own behind one barrier, and
// returns their errors.
func race(n int, f func(i int) error) []error {
	errs := make([]error, n)
	gate := make(chan struct{})
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			errs[i] = f(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
	return errs
}

// winners ends the check unless exactly n of errs are nil and all others are lost; it returns
// the places of the nil ones.
func (k *kit) winners(errs []error, n int, lost error) []int {
	k.Helper()
	var won []int
	for i, err := range errs {
		if err == nil {
			won = append(won, i)
		} else if !errors.Is(err, lost) {
			k.Fatalf("a loser got %v, want %v", err, lost)
		}
	}
	if len(won) != n {
		k.Fatalf("%d of %d concurrent calls succeeded, want %d", len(won), len(errs), n)
	}
	return won
}

// all ends the check unless every one of errs is nil.
func (k *kit) all(errs []error) {
	k.Helper()
	k.ok(errors.Join(errs...))
}

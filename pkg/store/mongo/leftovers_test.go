package mongo_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestAClaimIsVoidWhenItIsOldAndItsUserDoesNotListTheName(t *testing.T) {
	const name = "a@example.com"
	old := start.Add(-store.ClaimTimeout - time.Millisecond)
	for _, c := range []struct {
		name  string
		claim claimDoc
		void  bool
	}{
		{"a young claim of nobody stands", claimDoc{UID: "nobody", At: start}, false},
		{"a claim of nobody that is a minute old stands", claimDoc{UID: "nobody", At: start.Add(-store.ClaimTimeout)}, false},
		{"an old claim of nobody is void", claimDoc{UID: "nobody", At: old}, true},
		{"an old confirmed claim of nobody is void", claimDoc{UID: "nobody", At: old, Confirmed: true}, true},
		{"a young confirmed claim of a user who does not list it stands", claimDoc{UID: "other", At: start, Confirmed: true}, false},
		{"an old confirmed claim of a user who does not list it is void", claimDoc{UID: "other", At: old, Confirmed: true}, true},
		{"an old unconfirmed claim of a user who does not list it is void", claimDoc{UID: "other", At: old}, true},
		{"an old unconfirmed claim of a user who lists it stands", claimDoc{UID: "holder", At: old}, false},
		{"an old confirmed claim of a user who lists it stands", claimDoc{UID: "holder", At: old, Confirmed: true}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newKit(t)
			k.ok(k.CreateUser(t.Context(), user("other", "other@example.com")))
			k.ok(k.CreateUser(t.Context(), user("old user", "own@example.com")))
			if c.claim.UID == "holder" {
				k.ok(k.CreateUser(t.Context(), user("holder", name)))
				k.dropClaims(name)
			}
			c.claim.ID, c.claim.Rev, c.claim.Call = "email:"+name, 1, "somebody"
			k.putClaim(c.claim)

			created := k.CreateUser(t.Context(), user("new user", name))
			if c.void {
				k.ok(created)
				k.holds("new user", name)
				k.ok(k.UpdateUser(t.Context(), user("new user")))
				k.putClaim(c.claim)
				k.ok(k.UpdateUser(t.Context(), user("old user", "own@example.com", name)))
				k.holds("old user", name)
			} else {
				k.refused(created, store.ErrExists)
				k.refused(k.UpdateUser(t.Context(), user("old user", "own@example.com", name)), store.ErrExists)
				if got := k.claims()[0]; got != c.claim {
					t.Fatalf("the claim is %+v, was %+v", got, c.claim)
				}
			}
		})
	}
}

func TestSweepRemovesWhatIsHalfMadeAndOldAndNothingElse(t *testing.T) {
	k := newKit(t)
	k.ok(k.CreateUser(t.Context(), user("whole", "whole@example.com")))
	k.ok(k.CreateUser(t.Context(), user("nameless")))
	k.ok(k.CreateUser(t.Context(), user("taken over", "lost@example.com", "kept@example.com")))
	k.ok(k.CreateUser(t.Context(), user("thief", "x@example.com")))
	k.dropClaims("lost@example.com")
	k.putClaim(claimDoc{ID: "email:orphan@example.com", UID: "nobody", At: start, Call: "somebody"})
	changed := user("changed", "changed@example.com")
	k.ok(k.CreateUser(t.Context(), changed))
	k.ok(k.UpdateUser(t.Context(), changed))
	k.dropClaims("changed@example.com") // no crash does that; the account was in use, so it stays

	n, err := k.Sweep(t.Context(), start.Add(store.ClaimTimeout-time.Millisecond))
	if err != nil || n != 0 {
		t.Fatalf("before a minute was over it removed %d (error %v)", n, err)
	}
	n, err = k.Sweep(t.Context(), start.Add(store.ClaimTimeout+time.Millisecond))
	if err != nil || n != 2 {
		t.Fatalf("it removed %d (error %v), want the half user and the orphan", n, err)
	}
	if got := k.userIDs(); !slices.Equal(got, []string{"changed", "nameless", "thief", "whole"}) {
		t.Fatalf("left are %q", got)
	}
	k.ok(k.CreateUser(t.Context(), user("new", "lost@example.com", "kept@example.com", "orphan@example.com")))
	k.holds("whole", "whole@example.com")
}

func TestATombstoneThatStillListsANameFreesIt(t *testing.T) {
	k := newKit(t)
	u := user("u", "a@example.com")
	u.Deleted = true
	k.ok(k.CreateUser(t.Context(), u, identity.Consequence{ID: "c", DueAt: start}))
	k.tidy()
	k.holds("u", "a@example.com")
	due, err := k.ClaimDue(t.Context(), start, time.Hour, 1)
	k.ok(err)
	k.ok(k.Settle(t.Context(), due...))
	k.tidy()
	k.ok(k.CreateUser(t.Context(), user("u2", "a@example.com")))
}

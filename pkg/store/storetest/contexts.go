package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func contexts() []promise {
	return []promise{
		{"a read with a context that is cancelled is unavailable, never an absence", cancelledReads},
		{"a write with a context that is cancelled is unavailable and changes nothing", cancelledWrites},
		{"a deadline that has passed makes every call unavailable", passedDeadline},
		{"a write that is cancelled midway happens wholly or not at all", cancelledMidway},
		{"names of a write that was cancelled and did not happen are free after a sweep at the latest", cancelledNamesAreFreed},
	}
}

// call is one method of the store, ready to be called.
type call struct {
	name string
	do   func(ctx context.Context) error
}

// outcome drops what a method returns beside its error.
func outcome[T any](_ T, err error) error { return err }

// reads returns calls of all methods that only read; all of them succeed after populate.
func (k *kit) reads() []call {
	return []call{
		{"User", func(ctx context.Context) error { return outcome(k.s.User(ctx, "u")) }},
		{"UserByIdentifier", func(ctx context.Context) error {
			return outcome(k.s.UserByIdentifier(ctx, email("a@example.com")))
		}},
		{"Users", func(ctx context.Context) error { return outcome(k.s.Users(ctx, "", 5)) }},
		{"SearchUsers", func(ctx context.Context) error {
			page, _, err := k.s.SearchUsers(ctx, words("a@example.com"))
			return outcome(page, err)
		}},
		{"SearchUsers for a count", func(ctx context.Context) error {
			_, total, err := k.s.SearchUsers(ctx, store.UserQuery{})
			return outcome(total, err)
		}},
		{"Session", func(ctx context.Context) error { return outcome(k.s.Session(ctx, "s")) }},
		{"UserSessions", func(ctx context.Context) error { return outcome(k.s.UserSessions(ctx, "u", at(0))) }},
		{"Invitation", func(ctx context.Context) error { return outcome(k.s.Invitation(ctx, "i")) }},
		{"Invitations", func(ctx context.Context) error {
			return outcome(k.s.Invitations(ctx, store.InvitationFilter{Now: at(0), Limit: 5}))
		}},
		{"StaleUses", func(ctx context.Context) error { return outcome(k.s.StaleUses(ctx, at(0), 5)) }},
		{"APIKey", func(ctx context.Context) error { return outcome(k.s.APIKey(ctx, "k")) }},
		{"APIKeys", func(ctx context.Context) error { return outcome(k.s.APIKeys(ctx)) }},
		{"KeySet", func(ctx context.Context) error { return outcome(k.s.KeySet(ctx)) }},
		{"Peek", func(ctx context.Context) error { return outcome(k.s.Peek(ctx, at(0), counter("a"))) }},
		{"LastAudit", func(ctx context.Context) error { return outcome(k.s.LastAudit(ctx)) }},
		{"AuditRecorded", func(ctx context.Context) error { return outcome(k.s.AuditRecorded(ctx, "e-1")) }},
		{"AuditEntries", func(ctx context.Context) error { return outcome(k.s.AuditEntries(ctx, 1, 5)) }},
		{"Blob", func(ctx context.Context) error { return outcome(k.s.Blob(ctx, "b")) }},
		{"Ping", func(ctx context.Context) error { return k.s.Ping(ctx) }},
	}
}

// mutations returns calls of all methods that write; all of them would succeed after populate.
func (k *kit) mutations(due store.Due) []call {
	return []call{
		{"CreateUser", func(ctx context.Context) error {
			return k.s.CreateUser(ctx, newUser("u2", email("b@example.com")), follows("x"))
		}},
		{"UpdateUser", func(ctx context.Context) error {
			return k.s.UpdateUser(ctx, newUser("u", email("b@example.com")), follows("x"))
		}},
		{"RemoveUser", func(ctx context.Context) error { return k.s.RemoveUser(ctx, "u", 1) }},
		{"StartSession", func(ctx context.Context) error { return k.s.StartSession(ctx, newSession("s2", "u")) }},
		{"RotateSession", func(ctx context.Context) error { return k.s.RotateSession(ctx, step("s", 1)) }},
		{"EndSession", func(ctx context.Context) error { return k.s.EndSession(ctx, "s", at(0), identity.EndedByLogout) }},
		{"EndUserSessions", func(ctx context.Context) error {
			return outcome(k.s.EndUserSessions(ctx, "u", 9, "", at(0), identity.EndedByAdmin))
		}},
		{"CreateInvitation", func(ctx context.Context) error { return k.s.CreateInvitation(ctx, newInvitation("i2", 1)) }},
		{"ReissueInvitation", func(ctx context.Context) error {
			return outcome(k.s.ReissueInvitation(ctx, "i", codeOf("new"), at(0), at(time.Hour)))
		}},
		{"RevokeInvitation", func(ctx context.Context) error { return k.s.RevokeInvitation(ctx, "i", at(0)) }},
		{"ReserveUse", func(ctx context.Context) error {
			return outcome(k.s.ReserveUse(ctx, "i", codeOf("i"), "u2", at(0)))
		}},
		{"ConfirmUse", func(ctx context.Context) error { return k.s.ConfirmUse(ctx, "i", "u") }},
		{"FreeUse", func(ctx context.Context) error { return k.s.FreeUse(ctx, "i", "u") }},
		{"CreateAPIKey", func(ctx context.Context) error { return k.s.CreateAPIKey(ctx, newAPIKey("k2")) }},
		{"RevokeAPIKey", func(ctx context.Context) error { return k.s.RevokeAPIKey(ctx, "k", at(0)) }},
		{"TouchAPIKey", func(ctx context.Context) error { return k.s.TouchAPIKey(ctx, "k", at(0)) }},
		{"SwapKeySet", func(ctx context.Context) error { return k.s.SwapKeySet(ctx, 1, []byte("new")) }},
		{"Hit", func(ctx context.Context) error { return outcome(k.s.Hit(ctx, at(0), counter("a"))) }},
		{"Forget", func(ctx context.Context) error { return k.s.Forget(ctx, "a") }},
		{"Record", func(ctx context.Context) error { return k.s.Record(ctx, follows("x")) }},
		{"ClaimDue", func(ctx context.Context) error { return outcome(k.s.ClaimDue(ctx, at(0), lease, 5)) }},
		{"Settle", func(ctx context.Context) error { return k.s.Settle(ctx, due) }},
		{"Postpone", func(ctx context.Context) error { return k.s.Postpone(ctx, due, at(0)) }},
		{"AppendAudit", func(ctx context.Context) error { return k.s.AppendAudit(ctx, entries("e", 2, 1)...) }},
		{"PutBlob", func(ctx context.Context) error { return k.s.PutBlob(ctx, newBlob("b2")) }},
		{"DeleteBlob", func(ctx context.Context) error { return k.s.DeleteBlob(ctx, "b") }},
		{"Sweep", func(ctx context.Context) error { return outcome(k.s.Sweep(ctx, at(1000*time.Hour))) }},
	}
}

// populate stores one record of each kind and returns a claimed consequence.
func (k *kit) populate() store.Due {
	k.Helper()
	k.createUser(newUser("u", email("a@example.com")))
	k.start(newSession("s", "u"))
	k.invite(newInvitation("i", 3))
	k.reserve("i", "u")
	k.issue(newAPIKey("k"))
	k.ok(k.s.SwapKeySet(k.ctx, 0, []byte("data")))
	k.hit(at(0), counter("a"))
	k.appendLog(entries("e", 1, 1))
	k.put(newBlob("b"))
	k.ok(k.s.Record(k.ctx, follows("claimed")))
	due := k.claim(at(0))
	k.equal("how many are due", len(due), 1)
	k.ok(k.s.Record(k.ctx, follows("unclaimed")))
	return due[0]
}

// populated ends the check unless everything is as populate left it.
func (k *kit) populated() {
	k.Helper()
	list, err := k.s.Users(k.ctx, "", 5)
	k.ok(err)
	k.equal("the users", list, []identity.User{newUser("u", email("a@example.com"))})
	k.holds("u", email("a@example.com"))
	k.holds("", email("b@example.com"))
	k.equal("the session", k.session("s"), newSession("s", "u"))
	k.equal("the sessions", k.userSessions("u", at(0)), []string{"s"})
	i := newInvitation("i", 3)
	i.Left, i.Uses = 2, []identity.Use{reserved("u")}
	k.equal("the invitation", k.invitation("i"), i)
	k.equal("the invitations", k.listed(store.InvitationFilter{Now: at(0), Limit: 5}), []string{"i"})
	keys, err := k.s.APIKeys(k.ctx)
	k.ok(err)
	k.equal("the keys", keys, []identity.APIKey{newAPIKey("k")})
	k.equal("the key set", k.keySet(), store.KeySet{Version: 1, Data: []byte("data")})
	k.peeks(at(0), "a", 1)
	k.equal("the log", k.log(), entries("e", 1, 1))
	k.equal("the blob", k.blob("b"), newBlob("b"))
	k.noBlob("b2")
	k.due(at(0), "unclaimed")
	k.due(at(lease), "claimed", "unclaimed")
}

// unavailable ends the check unless err says that there was no answer.
func (k *kit) unavailable(method string, err error) {
	k.Helper()
	for _, absence := range []error{store.ErrNotFound, store.ErrExists, store.ErrStale} {
		if errors.Is(err, absence) {
			k.Fatalf("%s with a context that is done says %v", method, err)
		}
	}
	if !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		k.Fatalf("%s with a context that is done gives %v, want ErrUnavailable or the context's error", method, err)
	}
}

func cancelledReads(k *kit) {
	k.populate()
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	for _, c := range k.reads() {
		k.ok(c.do(k.ctx))
		k.unavailable(c.name, c.do(ctx))
	}
	k.populated()
}

func cancelledWrites(k *kit) {
	due := k.populate()
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	for _, c := range k.mutations(due) {
		k.unavailable(c.name, c.do(ctx))
	}
	k.populated()
}

func passedDeadline(k *kit) {
	due := k.populate()
	ctx, cancel := context.WithDeadline(k.ctx, time.Unix(1, 0))
	defer cancel()
	for _, c := range append(k.reads(), k.mutations(due)...) {
		k.unavailable(c.name, c.do(ctx))
	}
	k.populated()
}

func cancelledMidway(k *kit) {
	k.due(at(0), k.createCancelled()...)
}

// What a store may leave behind of a write that never happened is void, and swept.
func cancelledNamesAreFreed(k *kit) {
	k.createCancelled()
	k.sweep(at(2 * store.ClaimTimeout))
	for i := range cancelled {
		_, err := k.s.UserByIdentifier(k.ctx, cancelledName(i, "a"))
		if errors.Is(err, store.ErrNotFound) {
			k.createUser(newUser(fmt.Sprintf("new%d", i), cancelledName(i, "b"), cancelledName(i, "a")))
		}
	}
}

// cancelled is how many users createCancelled tries to create.
const cancelled = 60

func cancelledName(i int, which string) identity.Identifier {
	return email(fmt.Sprintf("%s%d@example.com", which, i))
}

// createCancelled creates users each of whom has two names and a consequence, with contexts
// that end at different moments, from before the call to long after it. It ends the check when
// one of them is there in part, and returns the ids of those who are there.
func (k *kit) createCancelled() []string {
	k.Helper()
	id := func(i int) string { return fmt.Sprintf("u%02d", i) }
	errs := race(cancelled, func(i int) error {
		ctx, cancel := context.WithTimeout(k.ctx, time.Duration(i*i)*10*time.Microsecond)
		defer cancel()
		return k.s.CreateUser(ctx, newUser(id(i), cancelledName(i, "a"), cancelledName(i, "b")), follows(id(i)))
	})
	var there []string
	for i, err := range errs {
		if err != nil {
			k.unavailable("CreateUser", err)
		}
		// A write whose outcome is unknown may still be on its way. Taking the id settles it.
		settled, holder := k.s.CreateUser(k.ctx, newUser(id(i))), id(i)
		if settled == nil && err != nil {
			holder = ""
		} else {
			k.refused(settled, store.ErrExists)
			there = append(there, id(i))
		}
		k.holds(holder, cancelledName(i, "a"))
		k.holds(holder, cancelledName(i, "b"))
	}
	return there
}

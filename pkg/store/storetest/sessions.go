package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func sessions() []promise {
	return []promise{
		{"StartSession stores a session and never replaces one", startSession},
		{"of 50 concurrent StartSession with one id exactly one succeeds", startSessionRace},
		{"a session that is not there is ErrNotFound", sessionNotFound},
		{"SessionAndUser returns both as they were last written, whatever was read before", sessionAndUser},
		{"SessionAndUser returns the zero user when the account is gone, and ErrNotFound without a session", sessionWithoutUser},
		{"RotateSession raises the counter and writes the fields of the rotation, and no others", rotateSession},
		{"RotateSession from another counter, or of no session, is ErrStale and changes nothing", rotateSessionStale},
		{"RotateSession of a session that has ended is ErrStale", rotateSessionEnded},
		{"RotateSession is ErrStale from IdleUntil on, and not before", rotateSessionIdle},
		{"RotateSession is ErrStale from MaxUntil on, and not before", rotateSessionMax},
		{"of 50 concurrent RotateSession from one counter exactly one wins, 20 times over", rotateSessionRace},
		{"EndSession ends a session, an expired one too, and says when and why", endSession},
		{"EndSession of an ended session is ErrStale and changes nothing", endSessionTwice},
		{"EndSession of no session is ErrNotFound", endSessionNotFound},
		{"of 50 concurrent EndSession exactly one succeeds", endSessionRace},
		{"the end of a session is not undone by rotations that race it", endSessionAgainstRotations},
		{"EndUserSessions ends the sessions of epochs below epoch, and of that user only", endUserSessions},
		{"EndUserSessions spares the session to keep and those that have ended", endUserSessionsSpares},
		{"concurrent EndUserSessions end and count each session once", endUserSessionsRace},
		{"EndUserSessions is not undone by rotations that race it", endUserSessionsAgainstRotations},
		{"UserSessions returns a user's live sessions, newest first", userSessions},
		{"UserSessions leaves a session out from IdleUntil and from MaxUntil on", userSessionsLiveness},
		{"UserSessions returns the newest 200 of 210, and EndUserSessions ends them all", userSessionsLimit},
	}
}

func (k *kit) start(list ...identity.Session) {
	k.Helper()
	for _, s := range list {
		k.ok(k.s.StartSession(k.ctx, s))
	}
}

// step is the rotation of session id that begins at counter from, a minute into the test.
func step(id string, from int64) store.Rotation {
	return store.Rotation{SessionID: id, From: from, At: at(time.Minute), By: "tab", IdleUntil: at(2 * time.Hour)}
}

func startSession(k *kit) {
	s := newSession("s", "u")
	k.start(s, newSession("other", "u"))
	k.equal("the session", k.session("s"), s)
	again := newSession("s", "u2")
	again.Counter = 7
	k.refused(k.s.StartSession(k.ctx, again), store.ErrExists)
	k.equal("the session", k.session("s"), s)
}

func sessionAndUser(k *kit) {
	k.createUser(newUser("u", email("u@x.example")))
	k.createUser(newUser("u2", email("u2@x.example")))
	k.start(newSession("s", "u"), newSession("s2", "u2"))
	for i := range 3 {
		gotSession, gotUser, err := k.s.SessionAndUser(k.ctx, "s")
		k.ok(err)
		k.equal("the session", gotSession, k.session("s"))
		k.equal("the user", gotUser, k.user("u"))
		gotUser.Identifiers[0].Value = "changed by the caller"
		next := k.user("u")
		next.Profile.Bio, next.Epoch = fmt.Sprint("bio ", i), next.Epoch+1
		k.ok(k.s.UpdateUser(k.ctx, next))
		k.ok(k.s.RotateSession(k.ctx, step("s", k.session("s").Counter)))
	}
	_, other, err := k.s.SessionAndUser(k.ctx, "s2")
	k.ok(err)
	k.equal("the other's user", other, k.user("u2"))
}

func sessionWithoutUser(k *kit) {
	k.createUser(newUser("u", email("u@x.example")))
	k.start(newSession("s", "u"), newSession("s2", "nobody"))
	_, _, err := k.s.SessionAndUser(k.ctx, "s")
	k.ok(err)
	k.ok(k.s.RemoveUser(k.ctx, "u", k.user("u").Rev))
	for _, id := range []string{"s", "s2"} {
		got, u, err := k.s.SessionAndUser(k.ctx, id)
		k.ok(err)
		k.equal("the session", got, k.session(id))
		k.equal("the user", u, identity.User{})
	}
	_, _, err = k.s.SessionAndUser(k.ctx, "none")
	k.refused(err, store.ErrNotFound)
}

func startSessionRace(k *kit) {
	user := func(i int) string { return fmt.Sprintf("u%d", i) }
	errs := race(50, func(i int) error { return k.s.StartSession(k.ctx, newSession("s", user(i)), follows(user(i))) })
	won := k.winners(errs, 1, store.ErrExists)[0]
	k.equal("the session", k.session("s"), newSession("s", user(won)))
	k.due(at(0), user(won))
}

func sessionNotFound(k *kit) {
	k.start(newSession("s", "u"))
	for _, id := range []string{"", "S", "s ", "x", "%", "' OR '1'='1", `{"$ne":null}`} {
		_, err := k.s.Session(k.ctx, id)
		k.refused(err, store.ErrNotFound)
	}
}

func rotateSession(k *kit) {
	s := newSession("s", "u")
	k.start(s, newSession("other", "u"))
	for n := range int64(3) {
		r := step("s", 1+n)
		r.At, r.By = r.At.Add(time.Duration(n)*time.Second), fmt.Sprintf("tab %d", n)
		k.ok(k.s.RotateSession(k.ctx, r))
		s.Counter, s.RotatedAt, s.LastUsedAt, s.RotatedBy, s.IdleUntil = 2+n, r.At, r.At, r.By, r.IdleUntil
		k.equal("the session", k.session("s"), s)
	}
	k.equal("the other session", k.session("other"), newSession("other", "u"))
}

func rotateSessionStale(k *kit) {
	s := newSession("s", "u")
	s.Counter = 5
	k.start(s)
	for _, from := range []int64{0, 1, 4, 6} {
		k.refused(k.s.RotateSession(k.ctx, step("s", from)), store.ErrStale)
		k.equal("the session", k.session("s"), s)
	}
	k.refused(k.s.RotateSession(k.ctx, step("none", 1)), store.ErrStale)
	_, err := k.s.Session(k.ctx, "none")
	k.refused(err, store.ErrNotFound)
}

func rotateSessionEnded(k *kit) {
	k.start(newSession("s", "u"))
	k.ok(k.s.EndSession(k.ctx, "s", at(time.Second), identity.EndedByLogout))
	before := k.session("s")
	k.refused(k.s.RotateSession(k.ctx, step("s", 1)), store.ErrStale)
	k.equal("the session", k.session("s"), before)
}

func rotateSessionIdle(k *kit) {
	s := newSession("s", "u")
	k.start(s)
	r := step("s", 1)
	for _, late := range []time.Duration{0, time.Millisecond, time.Hour} {
		r.At = s.IdleUntil.Add(late)
		k.refused(k.s.RotateSession(k.ctx, r), store.ErrStale)
		k.equal("the session", k.session("s"), s)
	}
	r.At = s.IdleUntil.Add(-time.Millisecond)
	k.ok(k.s.RotateSession(k.ctx, r))
}

func rotateSessionMax(k *kit) {
	s := newSession("s", "u")
	s.IdleUntil, s.MaxUntil = s.MaxUntil, s.IdleUntil
	k.start(s)
	r := step("s", 1)
	for _, late := range []time.Duration{0, time.Millisecond, time.Hour} {
		r.At = s.MaxUntil.Add(late)
		k.refused(k.s.RotateSession(k.ctx, r), store.ErrStale)
		k.equal("the session", k.session("s"), s)
	}
	r.At = s.MaxUntil.Add(-time.Millisecond)
	k.ok(k.s.RotateSession(k.ctx, r))
}

func rotateSessionRace(k *kit) {
	k.start(newSession("s", "u"))
	by := func(i int) string { return fmt.Sprintf("tab %d", i) }
	for round := range int64(20) {
		errs := race(50, func(i int) error {
			r := step("s", 1+round)
			r.By = by(i)
			return k.s.RotateSession(k.ctx, r)
		})
		won := k.winners(errs, 1, store.ErrStale)[0]
		if s := k.session("s"); s.Counter != 2+round || s.RotatedBy != by(won) {
			k.Fatalf("after round %d the counter is %d, by %q; the winner was %q", round, s.Counter, s.RotatedBy, by(won))
		}
	}
}

func endSession(k *kit) {
	s, idle := newSession("s", "u"), newSession("idle", "u")
	k.start(s, idle, newSession("other", "u"))
	k.ok(k.s.EndSession(k.ctx, "s", at(time.Second), identity.EndedByReuse))
	s.EndedAt, s.EndReason = at(time.Second), identity.EndedByReuse
	k.equal("the ended session", k.session("s"), s)

	late := idle.MaxUntil.Add(time.Second)
	k.ok(k.s.EndSession(k.ctx, "idle", late, identity.EndedByAdmin))
	idle.EndedAt, idle.EndReason = late, identity.EndedByAdmin
	k.equal("the expired session that was ended", k.session("idle"), idle)
	k.equal("the other session", k.session("other"), newSession("other", "u"))
}

func endSessionTwice(k *kit) {
	k.start(newSession("s", "u"))
	k.ok(k.s.EndSession(k.ctx, "s", at(time.Second), identity.EndedByLogout, follows("first")))
	before := k.session("s")
	err := k.s.EndSession(k.ctx, "s", at(time.Minute), identity.EndedByAdmin, follows("second"))
	k.refused(err, store.ErrStale)
	k.equal("the session", k.session("s"), before)
	k.due(at(time.Hour), "first")
}

func endSessionNotFound(k *kit) {
	k.start(newSession("s", "u"))
	k.refused(k.s.EndSession(k.ctx, "x", at(0), identity.EndedByLogout, follows("c")), store.ErrNotFound)
	_, err := k.s.Session(k.ctx, "x")
	k.refused(err, store.ErrNotFound)
	k.due(at(0))
}

func endSessionRace(k *kit) {
	k.start(newSession("s", "u"))
	id := func(i int) string { return fmt.Sprintf("c%d", i) }
	errs := race(50, func(i int) error {
		return k.s.EndSession(k.ctx, "s", at(time.Duration(i)*time.Second), identity.EndedByLogout, follows(id(i)))
	})
	won := k.winners(errs, 1, store.ErrStale)[0]
	k.equal("the end", k.session("s").EndedAt, at(time.Duration(won)*time.Second))
	k.due(at(0), id(won))
}

func endSessionAgainstRotations(k *kit) {
	for round := range 10 {
		id := fmt.Sprintf("s%d", round)
		k.start(newSession(id, "u"))
		errs := race(6, func(i int) error {
			if i == 0 {
				return k.s.EndSession(k.ctx, id, at(time.Minute), identity.EndedByLogout)
			}
			return k.s.RotateSession(k.ctx, step(id, 1))
		})
		k.ok(errs[0])
		k.stillEnded(id, errs[1:])
	}
}

// stillEnded ends the check unless the session has ended, and its counter has moved by as
// many rotations as have succeeded: one at most.
func (k *kit) stillEnded(id string, rotations []error) {
	k.Helper()
	counter := int64(1)
	for _, err := range rotations {
		if err == nil {
			counter++
		} else {
			k.refused(err, store.ErrStale)
		}
	}
	s := k.session(id)
	if s.EndedAt.IsZero() || s.Counter != counter || counter > 2 {
		k.Fatalf("the session ended at %v with counter %d, after %d rotations from 1", s.EndedAt, s.Counter, counter-1)
	}
	k.refused(k.s.RotateSession(k.ctx, step(id, counter)), store.ErrStale)
}

func endUserSessions(k *kit) {
	for epoch := range int64(4) {
		s := newSession(fmt.Sprintf("s%d", epoch), "u")
		s.Epoch = epoch
		k.start(s)
	}
	idle := newSession("idle", "u")
	idle.IdleUntil = at(time.Second)
	k.start(idle, newSession("other", "u2"))

	n, err := k.s.EndUserSessions(k.ctx, "u", 2, "", at(time.Minute), identity.EndedByPasswordChange)
	k.ok(err)
	k.equal("how many it ended", n, int64(3))
	for _, id := range []string{"s0", "s1", "idle"} {
		s := k.session(id)
		k.equal("the end", s.EndedAt, at(time.Minute))
		k.equal("the reason", s.EndReason, identity.EndedByPasswordChange)
	}
	for _, id := range []string{"s2", "s3", "other"} {
		k.equal("the end of a session that lives", k.session(id).EndedAt, time.Time{})
	}
	n, err = k.s.EndUserSessions(k.ctx, "u", 2, "", at(time.Hour), identity.EndedByAdmin)
	k.ok(err)
	k.equal("how many it ended the second time", n, int64(0))
	k.equal("the end", k.session("s1").EndedAt, at(time.Minute))
}

func endUserSessionsSpares(k *kit) {
	k.start(newSession("a", "u"), newSession("kept", "u"), newSession("over", "u"))
	k.ok(k.s.EndSession(k.ctx, "over", at(time.Second), identity.EndedByLogout))
	n, err := k.s.EndUserSessions(k.ctx, "u", 2, "kept", at(time.Minute), identity.EndedByPasswordChange)
	k.ok(err)
	k.equal("how many it ended", n, int64(1))
	k.equal("the session to keep", k.session("kept"), newSession("kept", "u"))
	k.equal("the end of the one that had ended", k.session("over").EndedAt, at(time.Second))
	k.equal("its reason", k.session("over").EndReason, identity.EndedByLogout)
	n, err = k.s.EndUserSessions(k.ctx, "nobody", 2, "", at(time.Minute), identity.EndedByAdmin)
	k.ok(err)
	k.equal("how many of nobody's it ended", n, int64(0))
}

func endUserSessionsRace(k *kit) {
	for n := range 20 {
		k.start(newSession(fmt.Sprintf("s%d", n), "u"))
	}
	var counts [8]int64
	k.all(race(len(counts), func(i int) error {
		var err error
		counts[i], err = k.s.EndUserSessions(k.ctx, "u", 2, "", at(time.Duration(i)*time.Second), identity.EndedByAdmin)
		return err
	}))
	var ended [8]int64 // by the call whose time they carry
	for n := range 20 {
		ended[k.session(fmt.Sprintf("s%d", n)).EndedAt.Sub(at(0))/time.Second]++
	}
	k.equal("how many each call ended", counts, ended)
}

func endUserSessionsAgainstRotations(k *kit) {
	for round := range 5 {
		user := fmt.Sprintf("u%d", round)
		id := func(i int) string { return fmt.Sprintf("s%d-%d", round, i) }
		for i := range 5 {
			k.start(newSession(id(i), user))
		}
		errs := race(6, func(i int) error {
			if i < 5 {
				return k.s.RotateSession(k.ctx, step(id(i), 1))
			}
			n, err := k.s.EndUserSessions(k.ctx, user, 2, "", at(time.Minute), identity.EndedByAdmin)
			if err == nil && n != 5 {
				return fmt.Errorf("EndUserSessions ended %d sessions of 5", n)
			}
			return err
		})
		k.ok(errs[5])
		for i := range 5 {
			k.stillEnded(id(i), errs[i:i+1])
		}
	}
}

func (k *kit) userSessions(userID string, now time.Time) []string {
	k.Helper()
	list, err := k.s.UserSessions(k.ctx, userID, now)
	k.ok(err)
	ids := make([]string, len(list))
	for i, s := range list {
		k.equal("the listed session", s, k.session(s.ID))
		ids[i] = s.ID
	}
	return ids
}

func userSessions(k *kit) {
	for i, id := range []string{"b", "d", "a", "c"} {
		s := newSession(id, "u")
		s.CreatedAt, s.AuthTime = at(time.Duration(i)*time.Millisecond), at(-time.Duration(i)*time.Hour)
		k.start(s)
	}
	k.start(newSession("other", "u2"))
	k.equal("the sessions", k.userSessions("u", at(time.Minute)), []string{"c", "a", "d", "b"})
	k.ok(k.s.EndSession(k.ctx, "a", at(time.Second), identity.EndedByLogout))
	k.equal("the sessions", k.userSessions("u", at(time.Minute)), []string{"c", "d", "b"})
	k.equal("the sessions of nobody", k.userSessions("nobody", at(time.Minute)), []string{})
}

func userSessionsLiveness(k *kit) {
	idle, over := newSession("idle", "u"), newSession("over", "u")
	over.IdleUntil, over.MaxUntil = over.MaxUntil, at(2*time.Hour)
	k.start(idle, over)
	for _, c := range []struct {
		now  time.Time
		want []string
	}{
		{at(time.Hour - time.Millisecond), []string{"idle", "over"}},
		{at(time.Hour), []string{"over"}},
		{at(2*time.Hour - time.Millisecond), []string{"over"}},
		{at(2 * time.Hour), nil},
	} {
		got := k.userSessions("u", c.now)
		slices.Sort(got)
		k.equal("the sessions at "+c.now.String(), got, c.want)
	}
}

func userSessionsLimit(k *kit) {
	id := func(i int) string { return fmt.Sprintf("s%03d", i) }
	k.all(race(210, func(i int) error {
		s := newSession(id(i), "u")
		s.CreatedAt = at(time.Duration(i) * time.Second)
		return k.s.StartSession(k.ctx, s)
	}))
	list, err := k.s.UserSessions(k.ctx, "u", at(time.Minute))
	k.ok(err)
	if len(list) != 200 || list[0].ID != id(209) || list[199].ID != id(10) {
		k.Fatalf("got %d sessions, want the 200 from %s to %s", len(list), id(209), id(10))
	}
	n, err := k.s.EndUserSessions(k.ctx, "u", 2, "", at(time.Minute), identity.EndedByDeletion)
	k.ok(err)
	k.equal("how many it ended", n, int64(210))
	k.equal("the sessions that live", k.userSessions("u", at(time.Minute)), []string{})
}

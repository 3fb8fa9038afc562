package keyset

import (
	"slices"
	"time"
)

// Plan is a change to a set, decided and not yet made. The zero Plan changes nothing.
type Plan struct {
	Add     bool          // a new key joins the set and signs from At on
	Promote string        // this pending key signs from At on, instead of its own date
	At      time.Time     // for Add and Promote
	Revoke  string        // this key leaves the set at once and is remembered as revoked
	Drop    []string      // these keys have no use any more
	KeepFor time.Duration // when not zero, keys that sign or will sign are kept for at least this long
}

// Empty reports whether the plan changes nothing.
func (p Plan) Empty() bool {
	return !p.Add && p.Promote == "" && p.Revoke == "" && len(p.Drop) == 0 && p.KeepFor == 0
}

// Plan returns what the set needs at now by itself: the next key when it is due, and no keys
// that are of no use. While the clock is behind every key it needs nothing: a clock so wrong
// must not decide what to drop.
func (s Set) Plan(now time.Time, p Policy) Plan {
	a := s.active(now)
	if s.Keys[a].ActivatesAt.After(now) {
		return Plan{}
	}
	plan := Plan{Drop: s.useless(now, p)}
	rest := s.without(plan.Drop...)
	if slices.ContainsFunc(rest.Keys[rest.active(now):], func(k Key) bool { return k.KeepFor < p.Keep() }) {
		plan.KeepFor = p.Keep()
	}
	at := successorAt(s.Keys[a], now, p)
	_, waiting := rest.next(now)
	if !waiting && len(rest.Keys) < MaxKeys && !at.After(now.Add(p.Ahead())) {
		plan.Add, plan.At = true, at
	}
	return plan
}

// useless returns the keys to prune. Not only must they be retired: the last key before the
// active one stays, so that a clock which jumps ahead and back again cannot take the key that
// truly signs. A pending key that no policy would have planned so far ahead is what such a
// clock left behind, and it would block every rotation until then.
func (s Set) useless(now time.Time, p Policy) []string {
	var out []string
	a := s.active(now)
	for i, k := range s.Keys {
		stale := i < a-1 && s.state(i, now, p) == Retired
		stray := i > a && k.ActivatesAt.After(now.Add(p.Rotation+2*p.Ahead()))
		if stale || stray {
			out = append(out, k.KID)
		}
	}
	return out
}

// PlanRotation returns the plan to publish the next key and let the lead run. ok is false
// when a key is pending already; the set needs nothing then.
func (s Set) PlanRotation(now time.Time, p Policy) (plan Plan, ok bool) {
	drop := s.useless(now, p)
	if _, waiting := s.without(drop...).next(now); waiting {
		return Plan{}, false
	}
	return Plan{Add: true, At: s.after(now.Add(p.Ahead())), Drop: drop}, true
}

// PlanTakeover returns the plan to sign with another key at once: the pending one, or a new
// one when there is none.
func (s Set) PlanTakeover(now time.Time, p Policy) Plan {
	plan := Plan{At: s.after(now), Drop: s.useless(now, p)}
	if next, waiting := s.next(now); waiting && !slices.Contains(plan.Drop, next.KID) {
		plan.Promote = next.KID
	} else {
		plan.Add = true
	}
	return plan
}

// PlanRevocation returns the plan to take a key out at once, with another to sign in its
// place when it is the active one. ok is false when the set does not hold the key.
func (s Set) PlanRevocation(kid string, now time.Time, p Policy) (plan Plan, ok bool) {
	i := s.index(kid)
	if i < 0 {
		return Plan{}, false
	}
	if i == s.active(now) {
		plan = s.PlanTakeover(now, p)
	}
	plan.Revoke, plan.Drop = kid, nil
	// The key before the revoked one gets a later successor by this; one that is retired must
	// not come back because of it.
	for j, k := range s.Keys {
		if j != i && s.state(j, now, p) == Retired {
			plan.Drop = append(plan.Drop, k.KID)
		}
	}
	return plan, true
}

// after returns t, or the first millisecond after the active keys when that is later, so that
// a takeover by a node whose clock is behind takes over.
func (s Set) after(t time.Time) time.Time {
	last := s.Keys[s.active(t)].ActivatesAt
	if t.After(last) {
		return t
	}
	return last.Add(time.Millisecond)
}

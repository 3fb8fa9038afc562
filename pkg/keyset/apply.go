package keyset

import (
	"slices"
	"time"
)

// First returns a set of one key, which signs from now on.
func First(k Key, now time.Time, p Policy) Set {
	k.PublishedAt, k.ActivatesAt, k.KeepFor = now, now, p.Keep()
	return Set{Keys: []Key{k}}
}

// Apply returns the set after the plan, as of now. The key k joins it when plan.Add is set
// and is ignored otherwise.
func (s Set) Apply(plan Plan, k Key, now time.Time, p Policy) Set {
	out := s.without(append(slices.Clone(plan.Drop), plan.Revoke)...)
	if plan.Revoke != "" {
		out.Revoked = append(out.Revoked, Revoked{KID: plan.Revoke, At: now})
		out.Revoked = out.Revoked[max(0, len(out.Revoked)-maxRevoked):]
	}
	for i := range out.Keys {
		if out.Keys[i].KID == plan.Promote {
			out.Keys[i].ActivatesAt = plan.At
		}
	}
	if plan.Add {
		k.PublishedAt, k.ActivatesAt, k.KeepFor = now, plan.At, p.Keep()
		out.Keys = append(out.Keys, k)
	}
	slices.SortFunc(out.Keys, bySigning)
	out.raiseKeep(plan.KeepFor, now)
	return out
}

// raiseKeep notes a longer keep time in the keys that sign or will sign, so that it outlives
// a change of the configuration back to a shorter one: what they sign meanwhile lives long.
func (s Set) raiseKeep(d time.Duration, now time.Time) {
	for i := s.active(now); d > 0 && i < len(s.Keys); i++ {
		s.Keys[i].KeepFor = max(s.Keys[i].KeepFor, d)
	}
}

// without returns a copy of the set that lacks these keys.
func (s Set) without(kids ...string) Set {
	out := Set{Revoked: slices.Clone(s.Revoked)}
	for _, k := range s.Keys {
		if !slices.Contains(kids, k.KID) {
			out.Keys = append(out.Keys, k)
		}
	}
	return out
}

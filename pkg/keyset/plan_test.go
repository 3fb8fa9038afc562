package keyset_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

func TestPlan(t *testing.T) {
	p := policy()
	due := 30*day - p.Ahead()
	for name, tc := range map[string]struct {
		set  keyset.Set
		at   time.Duration
		want keyset.Plan
	}{
		"a fresh set needs nothing":           {set(0), 0, keyset.Plan{}},
		"nothing just before the next is due": {set(0), due - 1, keyset.Plan{}},
		"the next key, to sign when the period ends": {
			set(0), due, keyset.Plan{Add: true, At: epoch.Add(30 * day)},
		},
		"the next key late still gets its whole lead": {
			set(0), 300 * day, keyset.Plan{Add: true, At: epoch.Add(300*day + p.Ahead())},
		},
		"nothing while a key is pending":              {set(0, 30*day), due, keyset.Plan{}},
		"the key before the active one is not pruned": {set(0, 10*day), 20 * day, keyset.Plan{}},
		"an older one is, once retired": {
			set(0, 10*day, 20*day), 21 * day, keyset.Plan{Drop: []string{key(0).KID}},
		},
		"an older one that retires is not": {
			set(0, 20*day-1, 20*day), 20*day + time.Hour, keyset.Plan{},
		},
		"pruning and adding go together": {
			set(0, 10*day, 20*day), 50*day - p.Ahead(), keyset.Plan{Add: true, At: epoch.Add(50 * day), Drop: []string{key(0).KID}},
		},
		"a key planned years ahead by a wrong clock goes": {
			set(0, 10*365*day), day, keyset.Plan{Drop: []string{key(1).KID}},
		},
		"and does not hold up the next": {
			set(0, 10*365*day), due, keyset.Plan{Add: true, At: epoch.Add(30 * day), Drop: []string{key(1).KID}},
		},
		"a clock years behind decides nothing": {set(0, 30*day), -10 * 365 * day, keyset.Plan{}},
		"a clock years ahead drops no key that may sign": {
			set(0, 30*day), 10 * 365 * day, keyset.Plan{Add: true, At: epoch.Add(10*365*day + p.Ahead())},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.set.Plan(epoch.Add(tc.at), p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlanRaisesTheKeepTimeOfKeysThatSign(t *testing.T) {
	long := policy()
	long.TokenTTL = 24 * time.Hour
	s, now := set(0, 10*day, 30*day), epoch.Add(11*day)
	plan := s.Plan(now, long)
	if plan.KeepFor != long.Keep() {
		t.Fatalf("plan %+v", plan)
	}
	s = s.Apply(plan, keyset.Key{}, now, long)
	for i, want := range []time.Duration{policy().Keep(), long.Keep(), long.Keep()} {
		if s.Keys[i].KeepFor != want {
			t.Errorf("key %d is kept for %v, want %v", i, s.Keys[i].KeepFor, want)
		}
	}
	if plan := s.Plan(now, long); !plan.Empty() {
		t.Errorf("applied, it still wants %+v", plan)
	}
	if plan := s.Plan(now, policy()); !plan.Empty() {
		t.Errorf("a shorter lifetime wants %+v", plan)
	}
}

func TestPlanStopsAtTheBound(t *testing.T) {
	p := policy()
	p.Unsafe, p.Rotation, p.Lead = true, time.Second, 0
	s, now := keyset.First(key(0), epoch, p), epoch
	for i := range uint64(3 * keyset.MaxKeys) {
		now = now.Add(time.Second)
		s = s.Apply(s.Plan(now, p), key(i+1), now, p)
	}
	if len(s.Keys) != keyset.MaxKeys {
		t.Errorf("%d keys, want %d", len(s.Keys), keyset.MaxKeys)
	}
}

func TestPlanRotation(t *testing.T) {
	p, now := policy(), epoch.Add(5*day)
	plan, ok := set(0).PlanRotation(now, p)
	if want := (keyset.Plan{Add: true, At: now.Add(p.Ahead())}); !ok || !cmp.Equal(plan, want) {
		t.Errorf("got %+v, %v", plan, ok)
	}
	if plan, ok := set(0, 6*day).PlanRotation(now, p); ok || !plan.Empty() {
		t.Errorf("with a key pending: %+v, %v", plan, ok)
	}
	if plan, ok := set(0, 3650*day).PlanRotation(now, p); !ok || !plan.Add || len(plan.Drop) != 1 {
		t.Errorf("with a stray key pending: %+v, %v", plan, ok)
	}
}

func TestPlanTakeover(t *testing.T) {
	p := policy()
	for name, tc := range map[string]struct {
		set  keyset.Set
		at   time.Duration
		want keyset.Plan
	}{
		"a new key when none is pending": {
			set(0), 5 * day, keyset.Plan{Add: true, At: epoch.Add(5 * day)},
		},
		"the pending key when there is one": {
			set(0, 30*day), 29 * day, keyset.Plan{Promote: key(1).KID, At: epoch.Add(29 * day)},
		},
		"a new key rather than a stray one": {
			set(0, 3650*day), day, keyset.Plan{Add: true, At: epoch.Add(day), Drop: []string{key(1).KID}},
		},
		"after the active key even when the clock is behind it": {
			set(0), -day, keyset.Plan{Add: true, At: epoch.Add(time.Millisecond)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := epoch.Add(tc.at)
			plan := tc.set.PlanTakeover(now, p)
			if diff := cmp.Diff(tc.want, plan); diff != "" {
				t.Error(diff)
			}
			after := tc.set.Apply(plan, key(9), now, p)
			if got := after.Active(later(now, plan.At)).KID; got == tc.set.Active(now).KID {
				t.Error("the same key still signs")
			}
		})
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestPlanRevocation(t *testing.T) {
	p := policy()
	now := epoch.Add(20*day + time.Minute)
	s := set(0, 10*day, 20*day, 40*day) // retired, retiring, active, pending
	if got := states(s, now, p); got != "dgap" {
		t.Fatalf("states %s", got)
	}
	for name, tc := range map[string]struct {
		revoke int
		set    keyset.Set
		want   string // states afterwards
		signs  int    // which key
	}{
		"the active key: the pending one takes over":              {2, s, "ga", 3},
		"the active key, none pending: a new one does":            {2, set(0, 10*day, 20*day), "ga", 9},
		"the only key: a new one takes over":                      {0, set(0), "a", 9},
		"the retiring key: nothing else changes":                  {1, s, "ap", 2},
		"the pending key: nothing else changes":                   {3, s, "ga", 2},
		"a retired key that is still there: nothing else changes": {0, s, "gap", 2},
	} {
		t.Run(name, func(t *testing.T) {
			kid := tc.set.Keys[tc.revoke].KID
			plan, ok := tc.set.PlanRevocation(kid, now, p)
			if !ok {
				t.Fatal("not found")
			}
			after := tc.set.Apply(plan, key(9), now, p)
			if got := states(after, now, p); got != tc.want || after.Active(now).KID != key(uint64(tc.signs)).KID {
				t.Errorf("states %s, want %s with key %d to sign", got, tc.want, tc.signs)
			}
			if _, there := after.Find(kid); there || !after.IsRevoked(kid) {
				t.Error("the key is not revoked")
			}
			if _, err := after.Marshal(); err != nil {
				t.Error(err)
			}
			if len(tc.set.Revoked) != 0 {
				t.Error("the set it started from changed")
			}
		})
	}
	stray := set(0, 3650*day)
	plan, _ := stray.PlanRevocation(stray.Keys[0].KID, now, p)
	if after := stray.Apply(plan, key(9), now, p); after.Active(now).KID != key(9).KID || states(after, now, p) != "ap" {
		t.Errorf("with a stray key pending: states %s", states(after, now, p))
	}
	if _, ok := s.PlanRevocation("nobody", now, p); ok {
		t.Error("a key the set does not hold was revoked")
	}
}

func TestRevokedKeysAreRememberedWithinABound(t *testing.T) {
	s := set(0)
	for i := range uint64(200) {
		now := epoch.Add(time.Duration(i+1) * time.Minute)
		plan, _ := s.PlanRevocation(s.Active(now).KID, now, policy())
		s = s.Apply(plan, key(i+1), now, policy())
	}
	if !s.IsRevoked(key(199).KID) || s.IsRevoked(key(0).KID) || len(s.Keys) != 1 {
		t.Errorf("%d keys, %d revoked", len(s.Keys), len(s.Revoked))
	}
	if _, err := s.Marshal(); err != nil {
		t.Error(err)
	}
}

func TestApplyChangesNothingItWasGiven(t *testing.T) {
	s, now := set(0, 10*day, 20*day, 30*day), epoch.Add(25*day)
	before := set(0, 10*day, 20*day, 30*day)
	plan := s.PlanTakeover(now, policy())
	plan.KeepFor = 100 * time.Hour
	s.Apply(plan, key(9), now, policy())
	if diff := cmp.Diff(before, s); diff != "" {
		t.Error(diff)
	}
}

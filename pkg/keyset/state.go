package keyset

import "time"

// State is where a key is in its life.
type State string

// The states, in order. A key is published in all of them but the last.
const (
	Pending  State = "pending"  // does not sign yet
	Active   State = "active"   // signs; exactly one key is active
	Retiring State = "retiring" // signs no longer; what it signed may still be valid
	Retired  State = "retired"  // gone for every verifier
)

// Row is one key in a timeline. RetiresAt and RemovedAt of a key without a successor are what
// the policy plans. Times are zero where there is none.
type Row struct {
	KID         string    `json:"kid"`
	State       State     `json:"state"`
	CreatedAt   time.Time `json:"createdAt,omitzero"`
	ActivatesAt time.Time `json:"activatesAt,omitzero"`
	RetiresAt   time.Time `json:"retiresAt,omitzero"`
	RemovedAt   time.Time `json:"removedAt,omitzero"`
}

// active returns the index of the key that signs at now: the last one whose time has come.
// With a clock that is behind all of them it is the first one, because signing early is
// better than not at all: the set never has no active key.
func (s Set) active(now time.Time) int {
	a := 0
	for i, k := range s.Keys {
		if !k.ActivatesAt.After(now) {
			a = i
		}
	}
	return a
}

// Active returns the key that signs at now.
func (s Set) Active(now time.Time) Key { return s.Keys[s.active(now)] }

// next returns the pending key that signs next, if there is one.
func (s Set) next(now time.Time) (Key, bool) {
	if i := s.active(now) + 1; i < len(s.Keys) {
		return s.Keys[i], true
	}
	return Key{}, false
}

// removedAt returns when the key at i leaves the published set, zero while it has no successor.
func (s Set) removedAt(i int, p Policy) time.Time {
	if i+1 >= len(s.Keys) {
		return time.Time{}
	}
	return s.Keys[i+1].ActivatesAt.Add(max(s.Keys[i].KeepFor, p.Keep()))
}

func (s Set) state(i int, now time.Time, p Policy) State {
	switch a := s.active(now); {
	case i > a:
		return Pending
	case i == a:
		return Active
	case now.Before(s.removedAt(i, p)):
		return Retiring
	default:
		return Retired
	}
}

// Published returns the keys that verifiers are to know at now, in the order they sign.
func (s Set) Published(now time.Time, p Policy) []Key {
	var out []Key
	for i, k := range s.Keys {
		if s.state(i, now, p) != Retired {
			out = append(out, k)
		}
	}
	return out
}

// Holds returns the span around now in which no key changes its state: from is included,
// until is not. A zero time means no bound.
func (s Set) Holds(now time.Time, p Policy) (from, until time.Time) {
	for i, k := range s.Keys {
		for _, t := range []time.Time{k.ActivatesAt, s.removedAt(i, p)} {
			switch {
			case t.IsZero():
			case !t.After(now) && t.After(from):
				from = t
			case t.After(now) && (until.IsZero() || t.Before(until)):
				until = t
			}
		}
	}
	return from, until
}

// Timeline returns every key of the set with its state and dates, in the order they sign.
func (s Set) Timeline(now time.Time, p Policy) []Row {
	rows := make([]Row, 0, len(s.Keys))
	for i, k := range s.Keys {
		r := Row{KID: k.KID, State: s.state(i, now, p), CreatedAt: k.CreatedAt, ActivatesAt: k.ActivatesAt}
		if i+1 < len(s.Keys) {
			r.RetiresAt, r.RemovedAt = s.Keys[i+1].ActivatesAt, s.removedAt(i, p)
		} else {
			r.RetiresAt = successorAt(k, now, p)
			r.RemovedAt = r.RetiresAt.Add(max(k.KeepFor, p.Keep()))
		}
		rows = append(rows, r)
	}
	return rows
}

// successorAt returns when a key that has no successor is to get one by the policy.
func successorAt(k Key, now time.Time, p Policy) time.Time {
	at := k.ActivatesAt.Add(p.Rotation)
	if earliest := now.Add(p.Ahead()); earliest.After(at) {
		return earliest
	}
	return at
}

package keyring

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

// Rotation says where a rotation or revocation has led.
type Rotation struct {
	KID         string        // the key that is next to sign, or signs now when it was to be at once
	ActivatesAt time.Time     // when it signs from
	Waiting     bool          // nothing was written: this key was pending already
	RefusedFor  time.Duration // for how long verifiers with a cached key set may refuse what it signs
}

// Rotate brings the next key. It is published now and signs when the lead is over; when one
// is pending already, that one is reported and nothing changes. With atOnce the next key, a
// pending one before a new one, signs immediately, and verifiers that cached the set before it
// was published refuse its tokens for as long as RefusedFor says. Of several that rotate at
// once one does, and all report its key.
func (r *Ring) Rotate(ctx context.Context, atOnce bool) (Rotation, error) {
	var waiting bool
	var before string
	var at time.Time
	set, err := r.change(ctx, func(s keyset.Set, now time.Time) (keyset.Plan, error) {
		if !atOnce {
			plan, ok := s.PlanRotation(now, r.Policy)
			waiting = !ok
			return plan, nil
		}
		active := s.Active(now).KID
		if before == "" {
			before = active
		}
		if active != before {
			return keyset.Plan{}, nil // another node has just rotated
		}
		plan := s.PlanTakeover(now, r.Policy)
		at = plan.At
		return plan, nil
	})
	if err != nil {
		return Rotation{}, err
	}
	if atOnce {
		return r.signing(set, at), nil
	}
	rows := set.Timeline(r.now(), r.Policy)
	next := rows[len(rows)-1]
	for _, row := range rows {
		if row.State == keyset.Pending {
			next = row
			break
		}
	}
	return Rotation{KID: next.KID, ActivatesAt: next.ActivatesAt, Waiting: waiting}, nil
}

// signing reports the key that signs now, or at t when that is later: on a node whose clock is
// behind, a key that was to sign at once does so in a moment.
func (r *Ring) signing(set keyset.Set, t time.Time) Rotation {
	now := r.now()
	if t.Before(now) {
		t = now
	}
	k := set.Active(t)
	return Rotation{
		KID: k.KID, ActivatesAt: k.ActivatesAt,
		RefusedFor: max(0, k.PublishedAt.Add(r.Policy.MaxAge).Sub(now)),
	}
}

// DryRun returns the timeline as it would be after Rotate, and writes nothing. A key that
// Rotate would make stands in it as "new".
func (r *Ring) DryRun(ctx context.Context, atOnce bool) ([]keyset.Row, error) {
	s, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	now := r.now()
	plan, _ := s.set.PlanRotation(now, r.Policy)
	if atOnce {
		plan = s.set.PlanTakeover(now, r.Policy)
	}
	next := s.set.Apply(plan, keyset.Key{KID: "new", CreatedAt: now}, now, r.Policy)
	return next.Timeline(now, r.Policy), nil
}

// Revoke takes a key out of the set at once: what it signed is refused by this node when
// Revoke returns, by every node that reaches the store within keyset.Propagation, and by other
// verifiers when their cached set is older than Policy.MaxAge. When the key was the active one
// a pending or a new key signs in its place. The result is the key that signs now. Revoking a
// revoked key changes nothing. ErrUnknownKey when there is no such key.
func (r *Ring) Revoke(ctx context.Context, kid string) (Rotation, error) {
	var at time.Time
	set, err := r.change(ctx, func(s keyset.Set, now time.Time) (keyset.Plan, error) {
		plan, ok := s.PlanRevocation(kid, now, r.Policy)
		if !ok && !s.IsRevoked(kid) {
			return keyset.Plan{}, ErrUnknownKey
		}
		at = plan.At
		return plan, nil
	})
	if err != nil {
		return Rotation{}, err
	}
	return r.signing(set, at), nil
}

// List reads the set and returns its timeline.
func (r *Ring) List(ctx context.Context) ([]keyset.Row, error) {
	s, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	return s.set.Timeline(r.now(), r.Policy), nil
}

package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// decision looks at a set and says what to do about it. It runs again, on the newer set, when
// another node was faster.
type decision func(s keyset.Set, now time.Time) (keyset.Plan, error)

// change decides and writes until nothing is left to decide or the write holds, and returns
// the set it then stands at. Of several nodes that decide the same at once, one writes.
func (r *Ring) change(ctx context.Context, decide decision) (keyset.Set, error) {
	var spare keyset.Key
	for range attempts {
		cur, err := r.load(ctx)
		if err != nil {
			return keyset.Set{}, err
		}
		set, needsKey, err := r.attempt(ctx, cur, decide, spare)
		switch {
		case needsKey:
			// Decide again afterwards: that takes long enough for another node to have acted,
			// and the new key's dates count from when it is published.
			if spare, err = r.generate(); err != nil {
				return keyset.Set{}, err
			}
		case errors.Is(err, store.ErrStale):
		default:
			return set, err
		}
	}
	return keyset.Set{}, fmt.Errorf("keyring: the key set kept changing: %w", store.ErrUnavailable)
}

// attempt decides once and writes once. needsKey is true when that takes a key and spare is none.
func (r *Ring) attempt(ctx context.Context, cur *snapshot, decide decision, spare keyset.Key) (set keyset.Set, needsKey bool, err error) {
	// The clock of this limit starts before the dates are taken: a process that is stopped in
	// between and goes on later does not publish a key with a lead that has shrunk.
	ctx, cancel := context.WithTimeout(ctx, r.patience())
	defer cancel()
	now := r.now()
	plan, err := decide(cur.set, now)
	if err != nil || plan.Empty() {
		return cur.set, false, err
	}
	if plan.Add && spare.KID == "" {
		return cur.set, true, nil
	}
	next := cur.set.Apply(plan, spare, now, r.Policy)
	if plan.Add && len(next.Keys) > keyset.MaxKeys {
		return cur.set, false, ErrTooManyKeys
	}
	s, err := r.swap(ctx, cur, next, r.audit(plan, spare.KID))
	if err != nil {
		return cur.set, false, err
	}
	r.log().InfoContext(ctx, "signing keys changed", "version", s.doc.Version, "plan", plan)
	return s.set, false, nil
}

// swap writes a set over the one of cur, nil for none, and makes it the node's. It opens the
// set first, so that what no node could open is never written. ErrStale when another write
// was faster.
func (r *Ring) swap(ctx context.Context, cur *snapshot, set keyset.Set, also []identity.Consequence) (*snapshot, error) {
	var from int64
	if cur != nil {
		from = cur.doc.Version
	}
	data, err := set.Marshal()
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	s, err := r.open(store.KeySet{Version: from + 1, Data: data}, cur)
	if err != nil {
		return nil, err
	}
	err = r.Store.SwapKeySet(ctx, from, data, also...)
	if err != nil && !errors.Is(err, store.ErrStale) && r.written(ctx, s.doc) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("keyring: write the key set: %w", err)
	}
	r.adopt(s)
	return s, nil
}

// written settles a write whose outcome is unknown by reading it back once.
func (r *Ring) written(ctx context.Context, want store.KeySet) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.patience())
	defer cancel()
	got, err := r.Store.KeySet(ctx)
	return err == nil && got.Version == want.Version && bytes.Equal(got.Data, want.Data)
}

// audit spells a plan as events, written together with it.
func (r *Ring) audit(plan keyset.Plan, added string) []identity.Consequence {
	if r.Audit == nil {
		return nil
	}
	var out []identity.Consequence
	record := func(eventType, kid string, detail map[string]string) {
		out = append(out, r.Audit(eventType, "signing_key:"+kid, detail))
	}
	signs := map[string]string{"activates_at": plan.At.Format(time.RFC3339Nano)}
	if plan.Revoke != "" {
		record("signing_key_revoked", plan.Revoke, nil)
	}
	if plan.Add {
		record("signing_key_added", added, signs)
	}
	if plan.Promote != "" {
		record("signing_key_promoted", plan.Promote, signs)
	}
	for _, kid := range plan.Drop {
		record("signing_key_removed", kid, nil)
	}
	return out
}

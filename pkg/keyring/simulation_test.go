package keyring_test

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/keyring"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// What is true of the world, whatever policy the nodes run under.
const (
	worldTTL    = time.Hour        // the lifetime of every token
	worldMaxAge = 5 * time.Minute  // how long verifiers keep the key set
	worldSkew   = 30 * time.Second // how wrong clocks are, either way
	worldLead   = day              // how long a key must have been published before it signs
)

// world is three nodes on one store and six verifiers, in a time of their own. Nodes crash,
// lose the store, and lose its answers; clocks are wrong; verifiers keep a key set for up to
// worldMaxAge and do not ask for another before, whatever kid they meet.
type world struct {
	t         testing.TB
	rand      *rand.Rand
	now       time.Time // the true time
	policy    keyset.Policy
	store     *memory
	deal      func(bits int) (*rsa.PrivateKey, error)
	nodes     []*node
	verifiers []*verifier

	stopAt    string // end as soon as a violation says this
	version   int64  // of the store, when it was last looked at
	corners   []time.Time
	published map[string]time.Time // when a key could first be fetched from anywhere
	signed    map[string]bool
	expires   map[string]time.Time // when the last token of a key expires, as its claims say

	jwks map[string]map[string]bool // parsed key sets by ETag

	rotations, restarts, checks int
	violations                  []string
	stop                        bool
}

type node struct {
	ring     *keyring.Ring
	skew     time.Duration
	nextSync time.Time
	downTill time.Time // crashed until then
	cutTill  time.Time // runs without the store until then
}

type verifier struct {
	skew      time.Duration
	leeway    time.Duration
	keys      map[string]bool
	fetchNext time.Time
}

func newWorld(t testing.TB, seed uint64, p keyset.Policy) *world {
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), now: epoch, policy: p, store: &memory{}, deal: dealer(),
		published: map[string]time.Time{}, signed: map[string]bool{}, expires: map[string]time.Time{}, jwks: map[string]map[string]bool{},
	}
	w.store.after = func() error {
		if w.rand.IntN(4) == 0 {
			return store.ErrUnavailable // written, and the answer lost
		}
		return nil
	}
	for _, skew := range []time.Duration{-worldSkew, 0, worldSkew} {
		n := &node{skew: skew}
		w.nodes = append(w.nodes, n)
		w.start(n)
	}
	for i := range 6 {
		w.verifiers = append(w.verifiers, &verifier{
			skew: []time.Duration{-worldSkew, 0, worldSkew}[i%3], leeway: time.Duration(i/3) * worldSkew,
		})
	}
	return w
}

func (w *world) violated(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	if len(w.violations) < 20 {
		w.violations = append(w.violations, w.now.Format(time.RFC3339)+" "+v)
	}
	w.stop = w.stop || w.stopAt != "" && strings.Contains(v, w.stopAt)
}

// start runs a node's program from its beginning.
func (w *world) start(n *node) {
	n.ring = &keyring.Ring{
		Store: partition{w, n}, Master: master(), Policy: w.policy, Generate: w.deal, Patience: time.Minute,
		Now: func() time.Time { return w.now.Add(n.skew) },
	}
	if err := n.ring.Open(w.t.Context()); err != nil {
		n.downTill = w.now.Add(time.Minute) // cut off from the store: its supervisor tries again
	}
	n.nextSync = w.now
}

// partition is the store as one node reaches it.
type partition struct {
	w *world
	n *node
}

func (p partition) KeySet(ctx context.Context) (store.KeySet, error) {
	if p.w.now.Before(p.n.cutTill) {
		return store.KeySet{}, store.ErrUnavailable
	}
	return p.w.store.KeySet(ctx)
}

func (p partition) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	if p.w.now.Before(p.n.cutTill) {
		return store.ErrUnavailable
	}
	return p.w.store.SwapKeySet(ctx, from, data, also...)
}

func (w *world) alive(n *node) bool { return !w.now.Before(n.downTill) }

// run lets the world go on for d. Now and then somebody rotates by hand.
func (w *world) run(d time.Duration, atOnce bool) {
	for end := w.now.Add(d); w.now.Before(end) && !w.stop; w.now = w.now.Add(w.step()) {
		for _, i := range w.rand.Perm(len(w.nodes)) {
			w.live(w.nodes[i])
		}
		if n := w.nodes[w.rand.IntN(len(w.nodes))]; w.alive(n) && w.rand.IntN(1500) == 0 {
			_, _ = n.ring.Rotate(w.t.Context(), atOnce)
		}
		w.observe()
		w.sign()
		for _, i := range w.rand.Perm(len(w.verifiers)) {
			w.verify(w.verifiers[i])
		}
	}
}

// step is short around the moments at which something changes and long elsewhere.
func (w *world) step() time.Duration {
	const near = 3 * time.Minute
	long := time.Duration(10+w.rand.IntN(40)) * time.Minute
	for _, c := range w.corners {
		switch d := c.Sub(w.now); {
		case d > -near && d <= near:
			return time.Duration(200+w.rand.IntN(6000)) * time.Millisecond
		case d > near:
			long = min(long, d-near)
		}
	}
	return long
}

// live is what a node does in one step: crash, come back, lose the store, or synchronise.
func (w *world) live(n *node) {
	switch {
	case !w.alive(n):
		return
	case !n.downTill.IsZero():
		n.downTill = time.Time{}
		w.restarts++
		if w.start(n); !w.alive(n) {
			return
		}
	}
	chance := w.rand.IntN(3000)
	others := 0
	for _, o := range w.nodes {
		if o != n && w.alive(o) && !w.now.Before(o.cutTill) {
			others++
		}
	}
	switch {
	case chance < 3 && others > 0:
		n.downTill = w.now.Add(time.Duration(w.rand.IntN(7200)) * time.Second)
		return
	case chance < 6 && others > 0:
		n.cutTill = w.now.Add(time.Duration(w.rand.IntN(6*3600)) * time.Second)
	}
	if !w.now.Before(n.nextSync) {
		_ = n.ring.Sync(w.t.Context()) // fails while it is cut off
		n.nextSync = w.now.Add(time.Duration(w.rand.IntN(int(keyset.Propagation))))
	}
}

// observe looks into the store: when keys appeared, how many there are, and where the next
// corners in time are.
func (w *world) observe() {
	if w.store.doc.Version == w.version {
		return
	}
	w.version = w.store.doc.Version
	set := w.store.set(w.t)
	if len(set.Keys) > 5 {
		w.violated("the set has %d keys", len(set.Keys))
	}
	w.corners = []time.Time{w.now}
	held := map[string]bool{}
	for _, row := range set.Timeline(w.now, w.policy) {
		held[row.KID] = true
		if _, ok := w.published[row.KID]; !ok {
			w.published[row.KID] = w.now
			w.rotations++
		}
		w.corners = append(w.corners, row.ActivatesAt, row.RemovedAt)
		// and when the tokens of the key would be the last to need it
		w.corners = append(w.corners, row.RetiresAt.Add(worldTTL))
	}
	for _, n := range w.nodes {
		active := 0
		for _, row := range set.Timeline(w.now.Add(n.skew), w.policy) {
			if row.State == keyset.Active {
				active++
			}
		}
		if active != 1 {
			w.violated("%d keys are active by a node's clock", active)
		}
	}
	for kid := range w.published {
		if !held[kid] {
			delete(w.published, kid) // the pool is finite: the key may come again
			delete(w.signed, kid)
		}
	}
}

// sign lets every node issue a token.
func (w *world) sign() {
	for _, n := range w.nodes {
		if !w.alive(n) {
			continue
		}
		kid, key := n.ring.Signer()
		if _, ok := n.ring.PublicKey(kid); !ok || key == nil {
			w.violated("a node does not publish the key it signs with")
		}
		if at, ok := w.published[kid]; !ok {
			w.violated("a node signs with a key the set does not hold")
		} else if !w.signed[kid] {
			w.signed[kid] = true
			if lead := w.now.Sub(at); !at.Equal(epoch) && lead < worldLead {
				w.violated("a key signs %v after it was published", lead)
			}
		}
		if exp := w.now.Add(n.skew).Add(worldTTL); exp.After(w.expires[kid]) {
			w.expires[kid] = exp
		}
	}
}

// verify lets a verifier look at the youngest token of every key, after it has fetched the
// key set from some node when its own is too old.
func (w *world) verify(v *verifier) {
	if !w.now.Before(v.fetchNext) {
		n := w.nodes[w.rand.IntN(len(w.nodes))]
		if !w.alive(n) {
			return // it asks again in a moment, and refuses nobody meanwhile
		}
		v.keys = w.fetch(n.ring)
		// Mostly as late as it may, sometimes earlier, so that they do not ask in step.
		v.fetchNext = w.now.Add(worldMaxAge)
		if w.rand.IntN(3) == 0 {
			v.fetchNext = w.now.Add(time.Duration(w.rand.Int64N(int64(worldMaxAge))))
		}
	}
	for kid, exp := range w.expires {
		if !w.now.Add(v.skew).Before(exp.Add(v.leeway)) {
			if w.now.Sub(exp) > worldTTL {
				delete(w.expires, kid) // nor for any other
			}
			continue // no token of this key is valid for this verifier
		}
		w.checks++
		if !v.keys[kid] {
			w.violated("a valid token is rejected")
		}
	}
}

func (w *world) fetch(r *keyring.Ring) map[string]bool {
	body, etag := r.JWKS()
	if keys, ok := w.jwks[etag]; ok {
		return keys
	}
	var set struct{ Keys []struct{ Kid string } }
	must(w.t, json.Unmarshal(body, &set))
	keys := map[string]bool{}
	for _, k := range set.Keys {
		keys[k.Kid] = true
	}
	w.jwks[etag] = keys
	return keys
}

func TestAYearOfRotationsRejectsNoValidToken(t *testing.T) {
	w := newWorld(t, 1, policy())
	w.run(366*day, false)
	for _, v := range w.violations {
		t.Error(v)
	}
	t.Logf("%d keys, %d restarts, %d tokens verified", w.rotations, w.restarts, w.checks)
	if w.rotations < 14 || w.restarts < 10 || w.checks < 100_000 {
		t.Error("too little has happened")
	}
}

// TestTheSimulationFindsBrokenPolicies proves that the year above could have gone wrong.
func TestTheSimulationFindsBrokenPolicies(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*keyset.Policy)
		atOnce bool
		finds  string
	}{
		"keys sign as soon as they are published": {func(p *keyset.Policy) { p.Lead = 0 }, false, "valid token is rejected"},
		"keys sign before a cached set has gone":  {func(p *keyset.Policy) { p.Lead = time.Minute }, false, "valid token is rejected"},
		"the lead is an hour short":               {func(p *keyset.Policy) { p.Lead = 23 * time.Hour }, false, "after it was published"},
		"keys leave when they stop signing": {
			func(p *keyset.Policy) { p.TokenTTL, p.Skew, p.MaxAge = 0, 0, 0 }, false, "valid token is rejected",
		},
		"keys leave half-way through their tokens' lives": {
			func(p *keyset.Policy) { p.TokenTTL, p.Skew, p.MaxAge = worldTTL/2, 0, 0 }, false, "valid token is rejected",
		},
		"operators rotate at once": {func(*keyset.Policy) {}, true, "valid token is rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy()
			tc.change(&p)
			p.Unsafe = true
			w := newWorld(t, 3, p)
			w.stopAt = tc.finds
			w.run(100*day, tc.atOnce)
			if !w.stop {
				t.Errorf("it was not found; found: %q", w.violations)
			}
		})
	}
}

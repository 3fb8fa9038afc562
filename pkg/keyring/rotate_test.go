package keyring_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/keyring"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestRotateLetsTheLeadRun(t *testing.T) {
	r, m, c := open(t)
	first := signer(r)
	done, err := r.Rotate(t.Context(), false)
	must(t, err)
	if lead := done.ActivatesAt.Sub(c.now()); lead < day || lead > day+5*time.Minute || done.Waiting || done.RefusedFor != 0 {
		t.Errorf("got %+v", done)
	}
	if _, ok := r.PublicKey(done.KID); !ok || signer(r) != first {
		t.Error("the next key is not published, or signs already")
	}
	again, err := r.Rotate(t.Context(), false)
	must(t, err)
	if want := (keyring.Rotation{KID: done.KID, ActivatesAt: done.ActivatesAt, Waiting: true}); again != want {
		t.Errorf("a second rotation: %+v", again)
	}
	if m.doc.Version != 2 {
		t.Error("the second rotation wrote something")
	}
	c.add(done.ActivatesAt.Sub(c.now()))
	if signer(r) != done.KID {
		t.Error("the next key does not sign when its time has come")
	}
	if _, ok := r.PublicKey(first); !ok {
		t.Error("the first key left while its tokens live")
	}
	c.add(r.Policy.Keep())
	if _, ok := r.PublicKey(first); ok {
		t.Error("the first key never leaves")
	}
}

func TestRotateAtOnce(t *testing.T) {
	r, _, c := open(t)
	first := signer(r)
	c.add(time.Hour)
	done, err := r.Rotate(t.Context(), true)
	must(t, err)
	if signer(r) != done.KID || done.KID == first || done.RefusedFor != r.Policy.MaxAge {
		t.Errorf("got %+v", done)
	}
	if _, ok := r.PublicKey(first); !ok {
		t.Error("what the first key signed is refused")
	}
}

func TestRotateAtOnceByANodeWhoseClockIsBehind(t *testing.T) {
	r, m, c := open(t)
	first := signer(r)
	c.add(-30 * time.Second)
	done, err := r.Rotate(t.Context(), true)
	must(t, err)
	if done.KID == first || done.KID != m.set(t).Keys[1].KID {
		t.Errorf("got %+v", done)
	}
	c.add(31 * time.Second)
	if signer(r) != done.KID {
		t.Error("the first key still signs")
	}
}

func TestRotateAtOnceTakesThePendingKey(t *testing.T) {
	r, m, c := open(t)
	next, err := r.Rotate(t.Context(), false)
	must(t, err)
	c.add(time.Minute)
	done, err := r.Rotate(t.Context(), true)
	must(t, err)
	if done.KID != next.KID || signer(r) != next.KID || len(m.set(t).Keys) != 2 {
		t.Errorf("got %+v", done)
	}
	if want := 4 * time.Minute; done.RefusedFor != want {
		t.Errorf("refused for %v, want %v: it has been published for a minute", done.RefusedFor, want)
	}
}

func TestTwoNodesRotateAndOneKeyComes(t *testing.T) {
	for name, atOnce := range map[string]bool{"with a lead": false, "at once": true} {
		t.Run(name, func(t *testing.T) {
			a, m, c := open(t)
			b := second(t, a, m, c)
			for round := range 5 {
				c.add(2 * day)
				check(t, a.Sync(t.Context()))
				check(t, b.Sync(t.Context()))
				before := len(m.set(t).Keys)
				results := make([]keyring.Rotation, 2)
				m.fail(together(2))
				var wg sync.WaitGroup
				for i, r := range []*keyring.Ring{a, b} {
					wg.Go(func() {
						var err error
						results[i], err = r.Rotate(t.Context(), atOnce)
						check(t, err)
					})
				}
				wg.Wait()
				m.fail(nil)
				check(t, a.Sync(t.Context()))
				check(t, b.Sync(t.Context()))
				s := m.set(t)
				fresh := slices.DeleteFunc(slices.Clone(s.Keys), func(k keyset.Key) bool { return !k.CreatedAt.Equal(c.now()) })
				if len(fresh) != 1 || results[0].KID != fresh[0].KID || results[1].KID != fresh[0].KID {
					t.Fatalf("round %d: %d keys before, new %d, results %+v", round, before, len(fresh), results)
				}
				bodyA, tagA := a.JWKS()
				if bodyB, tagB := b.JWKS(); string(bodyA) != string(bodyB) || tagA != tagB || signer(a) != signer(b) {
					t.Fatalf("round %d: the nodes differ", round)
				}
			}
		})
	}
}

func TestSyncAddsTheNextKeyOnceForAllNodes(t *testing.T) {
	a, m, c := open(t)
	b := second(t, a, m, c)
	c.add(30*day - a.Policy.Ahead() - time.Second)
	check(t, a.Sync(t.Context()))
	if m.doc.Version != 1 {
		t.Fatal("too early")
	}
	c.add(time.Second)
	m.fail(together(2))
	var wg sync.WaitGroup
	for _, r := range []*keyring.Ring{a, b} {
		wg.Go(func() { check(t, r.Sync(t.Context())) })
	}
	wg.Wait()
	if s := m.set(t); len(s.Keys) != 2 || !s.Keys[1].ActivatesAt.Equal(epoch.Add(30*day)) {
		t.Errorf("%d keys", len(s.Keys))
	}
}

func TestSyncNeverMakesTheFirstKey(t *testing.T) {
	m := &memory{}
	r := newRing(m, &clock{t: epoch})
	if err := r.Sync(t.Context()); !errors.Is(err, store.ErrNotFound) || m.doc.Version != 0 {
		t.Errorf("got %v", err)
	}
	running, m, _ := open(t)
	kid := signer(running)
	m.doc = store.KeySet{} // somebody has emptied the store
	if err := running.Sync(t.Context()); !errors.Is(err, store.ErrNotFound) || m.doc.Version != 0 || signer(running) != kid {
		t.Errorf("got %v", err)
	}
}

func TestRevokeTheActiveKey(t *testing.T) {
	for name, pending := range map[string]bool{"a pending key takes over": true, "a new key takes over": false} {
		t.Run(name, func(t *testing.T) {
			r, m, c := open(t)
			other := second(t, r, m, c)
			bad := signer(r)
			var next keyring.Rotation
			if pending {
				var err error
				next, err = r.Rotate(t.Context(), false)
				must(t, err)
			}
			c.add(time.Hour)
			done, err := r.Revoke(t.Context(), bad)
			must(t, err)
			check(t, other.Sync(t.Context()))
			for _, n := range []*keyring.Ring{r, other} {
				body, _ := n.JWKS()
				_, verifies := n.PublicKey(bad)
				if signer(n) != done.KID || done.KID == bad || verifies || strings.Contains(string(body), bad) {
					t.Errorf("signer %s, verifies %v, %s", signer(n), verifies, body)
				}
			}
			if pending && (done.KID != next.KID || done.RefusedFor != 0) || !pending && done.RefusedFor != r.Policy.MaxAge {
				t.Errorf("got %+v", done)
			}
			version := m.doc.Version
			again, err := r.Revoke(t.Context(), bad)
			if err != nil || again.KID != done.KID || version != m.doc.Version {
				t.Errorf("revoking it again: %+v, %v", again, err)
			}
		})
	}
}

func TestRevokeAKeyThatDoesNotSign(t *testing.T) {
	r, _, _ := open(t)
	active := signer(r)
	next, err := r.Rotate(t.Context(), false)
	must(t, err)
	done, err := r.Revoke(t.Context(), next.KID)
	must(t, err)
	if _, ok := r.PublicKey(next.KID); ok || done.KID != active || signer(r) != active {
		t.Errorf("got %+v", done)
	}
	if _, err := r.Revoke(t.Context(), "nobody"); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("an unknown key: %v", err)
	}
}

func TestTwoNodesRevokeAndOneKeyComes(t *testing.T) {
	a, m, c := open(t)
	b := second(t, a, m, c)
	bad := signer(a)
	m.fail(together(2))
	var wg sync.WaitGroup
	for _, r := range []*keyring.Ring{a, b} {
		wg.Go(func() {
			_, err := r.Revoke(t.Context(), bad)
			check(t, err)
		})
	}
	wg.Wait()
	if s := m.set(t); len(s.Keys) != 1 || m.doc.Version != 2 || signer(a) != signer(b) {
		t.Errorf("%d keys at version %d", len(s.Keys), m.doc.Version)
	}
}

func TestWriteWithAnUnknownOutcome(t *testing.T) {
	r, m, c := open(t)
	c.add(time.Second)
	m.after = func() error { return store.ErrUnavailable }
	done, err := r.Rotate(t.Context(), true)
	if err != nil || signer(r) != done.KID || len(m.set(t).Keys) != 2 {
		t.Errorf("written and not known: %+v, %v", done, err)
	}
	c.add(time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	m.after = func() error {
		cancel() // the caller hangs up before the answer comes
		return store.ErrUnavailable
	}
	done, err = r.Rotate(ctx, true)
	if err != nil || signer(r) != done.KID || len(m.set(t).Keys) != 3 {
		t.Errorf("written, not known and nobody waiting: %+v, %v", done, err)
	}
	m.after = nil
	m.fail(func(op string) error {
		if op == "write" {
			return store.ErrUnavailable
		}
		return nil
	})
	if _, err := r.Rotate(t.Context(), true); !errors.Is(err, store.ErrUnavailable) || signer(r) != done.KID {
		t.Errorf("not written: %v", err)
	}
}

func TestRotateAtOnceStopsAtTheBound(t *testing.T) {
	r, m, c := open(t)
	var err error
	for i := 0; err == nil && i < 100; i++ {
		c.add(time.Second)
		_, err = r.Rotate(t.Context(), true)
	}
	if !errors.Is(err, keyring.ErrTooManyKeys) || len(m.set(t).Keys) != keyset.MaxKeys {
		t.Fatalf("%v with %d keys", err, len(m.set(t).Keys))
	}
	bad := signer(r)
	if _, err := r.Revoke(t.Context(), bad); err != nil || signer(r) == bad {
		t.Errorf("a full set cannot be revoked from: %v", err)
	}
	c.add(2 * time.Hour)
	if _, err := r.Rotate(t.Context(), true); err != nil || len(m.set(t).Keys) > 3 {
		t.Errorf("later: %v with %d keys", err, len(m.set(t).Keys))
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	r, m, c := open(t)
	first := signer(r)
	c.add(5 * day)
	for name, tc := range map[string]struct {
		atOnce  bool
		states  []keyset.State
		signsAt time.Time
	}{
		"with a lead": {false, []keyset.State{keyset.Active, keyset.Pending}, c.now().Add(r.Policy.Ahead())},
		"at once":     {true, []keyset.State{keyset.Retiring, keyset.Active}, c.now()},
	} {
		rows, err := r.DryRun(t.Context(), tc.atOnce)
		must(t, err)
		if len(rows) != 2 || rows[0].KID != first || rows[1].KID != "new" || !rows[1].ActivatesAt.Equal(tc.signsAt) ||
			rows[0].State != tc.states[0] || rows[1].State != tc.states[1] || !rows[0].RetiresAt.Equal(tc.signsAt) {
			t.Errorf("%s: %+v", name, rows)
		}
	}
	next, err := r.Rotate(t.Context(), false)
	must(t, err)
	want, err := r.List(t.Context())
	must(t, err)
	got, err := r.DryRun(t.Context(), false)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" || got[1].KID != next.KID {
		t.Errorf("with a key pending: %s", diff)
	}
	if m.doc.Version != 2 {
		t.Error("a dry run wrote something")
	}
}

func TestChangesAreAudited(t *testing.T) {
	m, c := &memory{}, &clock{t: epoch}
	r := newRing(m, c)
	r.Audit = func(eventType, subject string, detail map[string]string) identity.Consequence {
		return identity.Consequence{ID: eventType + " " + subject + " " + detail["activates_at"]}
	}
	must(t, r.Open(t.Context()))
	one := signer(r)
	two, err := r.Rotate(t.Context(), false)
	must(t, err)
	_, err = r.Rotate(t.Context(), true)
	must(t, err)
	c.add(day)
	three, err := r.Revoke(t.Context(), two.KID)
	must(t, err)

	at := func(t time.Time) string { return t.Format(time.RFC3339Nano) }
	want := []string{
		"signing_key_added signing_key:" + one + " " + at(epoch),
		"signing_key_added signing_key:" + two.KID + " " + at(two.ActivatesAt),
		"signing_key_promoted signing_key:" + two.KID + " " + at(epoch.Add(time.Millisecond)),
		"signing_key_revoked signing_key:" + two.KID + " ",
		"signing_key_added signing_key:" + three.KID + " " + at(c.now()),
		"signing_key_removed signing_key:" + one + " ",
	}
	var got []string
	for _, a := range m.also {
		got = append(got, a.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

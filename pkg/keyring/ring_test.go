package keyring_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/keyring"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestOpenMakesTheFirstKey(t *testing.T) {
	m, c := &memory{}, &clock{t: epoch}
	r := newRing(m, c)
	r.Generate = nil // the real thing, once
	must(t, r.Open(t.Context()))

	kid, key := r.Signer()
	if key == nil || kid != keyset.Thumbprint(&key.PublicKey) || key.N.BitLen() != 2048 {
		t.Fatalf("signer %q, %v", kid, key)
	}
	digest := sha256.Sum256([]byte("signed"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	must(t, err)
	pub, ok := r.PublicKey(kid)
	if !ok || rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], sig) != nil {
		t.Error("the published key does not verify what the signer signs")
	}
	body, etag := r.JWKS()
	if !strings.Contains(string(body), kid) || etag == "" {
		t.Errorf("JWKS %s, ETag %s", body, etag)
	}

	again := newRing(m, c)
	must(t, again.Open(t.Context()))
	if signer(again) != kid || m.doc.Version != 1 {
		t.Error("a restart made another key")
	}
}

func TestStoreHoldsNoPrivateKey(t *testing.T) {
	r, m, _ := open(t)
	_, key := r.Signer()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	doc, err := json.Marshal(m.set(t).Keys[0])
	must(t, err)
	for _, part := range [][]byte{der[len(der)-40:], key.D.Bytes()[:20], key.Primes[0].Bytes()[:20], []byte("PRIVATE KEY")} {
		for _, stored := range [][]byte{m.doc.Data, doc, m.set(t).Keys[0].Sealed} {
			if bytes.Contains(stored, part) {
				t.Errorf("the store holds %x", part)
			}
		}
	}
}

func TestOpenRaceMakesOneKey(t *testing.T) {
	m, c, deal := &memory{}, &clock{t: epoch}, dealer()
	rings := make([]*keyring.Ring, 8)
	m.fail(together(len(rings))) // so that none has seen another's key
	var wg sync.WaitGroup
	for i := range rings {
		rings[i] = newRing(m, c)
		rings[i].Generate = deal
		wg.Go(func() { check(t, rings[i].Open(t.Context())) })
	}
	wg.Wait()
	for _, r := range rings {
		if signer(r) == "" || signer(r) != signer(rings[0]) {
			t.Error("two nodes sign with different keys")
		}
	}
	if m.doc.Version != 1 || len(m.set(t).Keys) != 1 {
		t.Errorf("%d keys at version %d", len(m.set(t).Keys), m.doc.Version)
	}
}

// together holds the first n writes back until all n have come.
func together(n int) func(string) error {
	var mu sync.Mutex
	var came sync.WaitGroup
	came.Add(n)
	return func(op string) error {
		mu.Lock()
		wait := op == "write" && n > 0
		if wait {
			n--
		}
		mu.Unlock()
		if wait {
			came.Done()
			came.Wait()
		}
		return nil
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestOpenMakesNoKeyUnlessThereWasNone(t *testing.T) {
	refused := errors.New("the store has users")
	for name, tc := range map[string]struct {
		prepare func(m *memory, r *keyring.Ring)
		want    error
	}{
		"the store is down": {func(m *memory, _ *keyring.Ring) {
			m.fail(func(string) error { return store.ErrUnavailable })
		}, store.ErrUnavailable},
		"the store answers something else": {func(m *memory, _ *keyring.Ring) {
			m.fail(func(op string) error {
				if op == "read" {
					return refused
				}
				return nil
			})
		}, refused},
		"the store has users": {func(_ *memory, r *keyring.Ring) {
			r.MayCreate = func(context.Context) error { return refused }
		}, refused},
		"the set is empty":   {func(m *memory, _ *keyring.Ring) { m.doc = store.KeySet{Version: 1} }, keyset.ErrDamaged},
		"the set is garbage": {func(m *memory, _ *keyring.Ring) { m.doc = store.KeySet{Version: 1, Data: []byte("x")} }, keyset.ErrDamaged},
		"the write fails": {func(m *memory, _ *keyring.Ring) {
			m.fail(func(op string) error {
				if op == "write" {
					return store.ErrUnavailable
				}
				return nil
			})
		}, store.ErrUnavailable},
		"there is no master key":     {func(_ *memory, r *keyring.Ring) { r.Master = masterkey.Key{} }, keyring.ErrMasterKey},
		"the policy is not a policy": {func(_ *memory, r *keyring.Ring) { r.Policy.Lead = 0 }, new(keyset.PolicyError)},
		"no key can be made": {func(_ *memory, r *keyring.Ring) {
			r.Generate = func(int) (*rsa.PrivateKey, error) { return nil, refused }
		}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{}
			r := newRing(m, &clock{t: epoch})
			tc.prepare(m, r)
			before := m.doc
			err := r.Open(t.Context())
			var pe *keyset.PolicyError
			if !errors.Is(err, tc.want) && (!errors.As(tc.want, &pe) || !errors.As(err, &pe)) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if m.doc.Version != before.Version || !bytes.Equal(m.doc.Data, before.Data) {
				t.Error("it wrote a key set")
			}
			kid, key := r.Signer()
			body, etag := r.JWKS()
			if _, ok := r.PublicKey("k"); ok || kid != "" || key != nil || body != nil || etag != "" {
				t.Error("it serves something")
			}
		})
	}
}

func TestOpenSucceedsOnceTheStoreIsBack(t *testing.T) {
	r, m, c := open(t)
	later := newRing(m, c)
	m.fail(func(string) error { return store.ErrUnavailable })
	if later.Open(t.Context()) == nil {
		t.Fatal("opened without a store")
	}
	m.fail(nil)
	must(t, later.Open(t.Context()))
	if signer(later) != signer(r) {
		t.Error("it made another key")
	}
}

func TestOpenWithAnUnknownOutcomeReadsBack(t *testing.T) {
	m := &memory{after: func() error { return store.ErrUnavailable }}
	r := newRing(m, &clock{t: epoch})
	must(t, r.Open(t.Context()))
	if m.doc.Version != 1 || signer(r) != m.set(t).Keys[0].KID {
		t.Error("the node does not sign with the key it wrote")
	}
}

// tamper rewrites the stored set.
func tamper(t *testing.T, m *memory, change func(s *keyset.Set)) {
	t.Helper()
	s := m.set(t)
	change(&s)
	b, err := s.Marshal()
	must(t, err)
	m.doc = store.KeySet{Version: m.doc.Version + 1, Data: b}
}

func TestOpenRefusesASetItCannotTrust(t *testing.T) {
	other := func(m masterkey.Key, i int, kid string) []byte {
		der, _ := x509.MarshalPKCS8PrivateKey(pool()[i])
		return m.Seal("signing key "+kid, der)
	}
	for name, tc := range map[string]struct {
		change func(t *testing.T, m *memory, r *keyring.Ring)
		want   error
	}{
		"another master key": {func(_ *testing.T, _ *memory, r *keyring.Ring) { r.Master = masterkey.New() }, keyring.ErrMasterKey},
		"a sealed key with one bit altered": {func(t *testing.T, m *memory, _ *keyring.Ring) {
			tamper(t, m, func(s *keyset.Set) { s.Keys[0].Sealed[40] ^= 1 })
		}, keyring.ErrMasterKey},
		"a sealed key cut short": {func(t *testing.T, m *memory, _ *keyring.Ring) {
			tamper(t, m, func(s *keyset.Set) { s.Keys[0].Sealed = s.Keys[0].Sealed[:20] })
		}, keyring.ErrMasterKey},
		"two sealed keys exchanged": {func(t *testing.T, m *memory, r *keyring.Ring) {
			_, err := r.Rotate(t.Context(), false)
			must(t, err)
			tamper(t, m, func(s *keyset.Set) {
				s.Keys[0].Sealed, s.Keys[1].Sealed = s.Keys[1].Sealed, s.Keys[0].Sealed
			})
		}, keyring.ErrMasterKey},
		"a private key of another public key": {func(t *testing.T, m *memory, r *keyring.Ring) {
			tamper(t, m, func(s *keyset.Set) { s.Keys[0].Sealed = other(r.Master, 7, s.Keys[0].KID) })
		}, keyring.ErrMismatch},
		"a sealed something else": {func(t *testing.T, m *memory, r *keyring.Ring) {
			tamper(t, m, func(s *keyset.Set) {
				s.Keys[0].Sealed = r.Master.Seal("signing key "+s.Keys[0].KID, []byte("something else"))
			})
		}, keyring.ErrMismatch},
		"a document that is cut short": {func(_ *testing.T, m *memory, _ *keyring.Ring) {
			m.doc.Data = m.doc.Data[:len(m.doc.Data)/2]
		}, keyset.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			running, m, c := open(t)
			kid, key := running.Signer()
			r := newRing(m, c)
			r.Generate = running.Generate
			tc.change(t, m, r)
			version := m.doc.Version
			fresh := newRing(m, c)
			fresh.Master = r.Master
			err := fresh.Open(t.Context())
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if d := fmt.Sprintf("%x", key.D.Bytes()[:8]); strings.Contains(err.Error(), d) {
				t.Error("the error shows the private key")
			}
			if m.doc.Version != version || signer(fresh) != "" {
				t.Error("it made a key or signs with one")
			}
			trusted := version == 1 && len(m.doc.Data) > 0 && json.Valid(m.doc.Data) // only the master key was wrong
			if err := running.Sync(t.Context()); trusted != (err == nil) || signer(running) != kid {
				t.Error("a running node took the set over, or lost the one it had")
			}
		})
	}
}

func TestStoreDownKeepsSigningAndVerifying(t *testing.T) {
	r, m, c := open(t)
	_, err := r.Rotate(t.Context(), false)
	must(t, err)
	first := signer(r)
	var logged bytes.Buffer
	r.Log = slog.New(slog.NewTextHandler(&logged, nil))
	m.fail(func(string) error { return store.ErrUnavailable })

	if err := r.Sync(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	c.add(2 * day) // past the activation of the second key
	if signer(r) == first || signer(r) == "" {
		t.Error("the pending key did not take over while the store was down")
	}
	if _, ok := r.PublicKey(signer(r)); !ok {
		t.Error("it does not verify its own tokens")
	}
	if _, ok := r.PublicKey("unknown"); ok || !strings.Contains(logged.String(), "unknown key") {
		t.Errorf("the failing read was not logged: %q", logged.String())
	}
}

func TestClockThatGoesBackFindsTheViewOfItsTime(t *testing.T) {
	r, _, c := open(t)
	first := signer(r)
	done, err := r.Rotate(t.Context(), false)
	must(t, err)
	_, both := r.JWKS()
	c.add(2 * day)
	if signer(r) != done.KID {
		t.Error("ahead: the first key still signs")
	}
	if _, ok := r.PublicKey(first); ok {
		t.Error("ahead: the first key is still published")
	}
	if _, etag := r.JWKS(); etag == both {
		t.Error("ahead: the published set is the old one")
	}
	c.add(-2 * day)
	if _, etag := r.JWKS(); signer(r) != first || etag != both {
		t.Error("back again: the set is not what it was")
	}
	c.add(-20 * 365 * day)
	if signer(r) != first {
		t.Error("before everything: no key signs")
	}
}

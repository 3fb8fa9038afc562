package keyring_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/keyring"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const day = 24 * time.Hour

var (
	epoch  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	master = sync.OnceValue(masterkey.New)
)

func policy() keyset.Policy {
	return keyset.Policy{
		Rotation: 30 * day, Lead: day, TokenTTL: time.Hour, Skew: 30 * time.Second, MaxAge: 5 * time.Minute, Bits: 2048,
	}
}

// memory is a store.KeySets that can be made to fail.
type memory struct {
	mu    sync.Mutex
	doc   store.KeySet
	also  []identity.Consequence
	reads atomic.Int64
	// before is called ahead of each operation, "read" or "write"; an error is the answer.
	before func(op string) error
	// after is called when a write has been done; an error hides that it has.
	after func() error
}

func (m *memory) hook(op string) error {
	m.mu.Lock()
	f := m.before
	m.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(op)
}

func (m *memory) KeySet(ctx context.Context) (store.KeySet, error) {
	m.reads.Add(1)
	if err := errors.Join(ctx.Err(), m.hook("read")); err != nil {
		return store.KeySet{}, errors.Join(store.ErrUnavailable, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.doc.Version == 0 {
		return store.KeySet{}, store.ErrNotFound
	}
	return m.doc, nil
}

func (m *memory) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	if err := errors.Join(ctx.Err(), m.hook("write")); err != nil {
		return errors.Join(store.ErrUnavailable, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.doc.Version != from {
		return store.ErrStale
	}
	m.doc = store.KeySet{Version: from + 1, Data: data}
	m.also = append(m.also, also...)
	if m.after != nil {
		return m.after()
	}
	return nil
}

func (m *memory) set(t testing.TB) keyset.Set {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := keyset.Unmarshal(m.doc.Data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (m *memory) fail(f func(op string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = f
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// pool makes many 2048-bit keys of few primes, because finding primes is what takes long.
// That would be fatal in a product: two such keys give each other away.
var pool = sync.OnceValue(func() []*rsa.PrivateKey {
	var primes []*big.Int
	for range 5 {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		primes = append(primes, k.Primes...)
	}
	var keys []*rsa.PrivateKey
	for i, p := range primes {
		for _, q := range primes[:i] {
			if k := fromPrimes(p, q); k.N.BitLen() == 2048 {
				keys = append(keys, k)
			}
		}
	}
	return keys
})

func fromPrimes(p, q *big.Int) *rsa.PrivateKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
	k.Precompute()
	return k
}

// dealer hands out the pool's keys one after another.
func dealer() func(int) (*rsa.PrivateKey, error) {
	var n atomic.Int64
	return func(int) (*rsa.PrivateKey, error) {
		keys := pool()
		return keys[int(n.Add(1)-1)%len(keys)], nil
	}
}

func newRing(m *memory, c *clock) *keyring.Ring {
	return &keyring.Ring{Store: m, Master: master(), Policy: policy(), Now: c.now, Generate: dealer(), Patience: time.Minute}
}

// open returns an open ring on a store of its own.
func open(t *testing.T) (*keyring.Ring, *memory, *clock) {
	t.Helper()
	m, c := &memory{}, &clock{t: epoch}
	r := newRing(m, c)
	must(t, r.Open(t.Context()))
	return r, m, c
}

// second returns another open ring on the same store.
func second(t *testing.T, r *keyring.Ring, m *memory, c *clock) *keyring.Ring {
	t.Helper()
	other := newRing(m, c)
	other.Generate = r.Generate // so that the two never make the same key
	must(t, other.Open(t.Context()))
	return other
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func signer(r *keyring.Ring) string {
	kid, _ := r.Signer()
	return kid
}

package keyring

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Errors of the ring. The first two stop a start; the others answer Rotate and Revoke.
var (
	// ErrMasterKey says that a signing key in the store does not open with the master key.
	ErrMasterKey = errors.New("the master key is not the one the signing keys were sealed with, or a stored key was altered")
	// ErrMismatch says that a private key is not the one of the public key stored with it.
	ErrMismatch = errors.New("the stored private and public key do not belong together")
	// ErrUnknownKey says that the set holds no such key and never revoked it.
	ErrUnknownKey = fault.New(fault.NotFound, "signing_key_not_found", "there is no such signing key")
	// ErrTooManyKeys says that the set is full of keys that were rotated away moments ago.
	ErrTooManyKeys = fault.New(fault.Conflict, "too_many_signing_keys", "too many signing keys are still published; wait until one is removed")
)

const (
	// storeTimeout is the usual Ring.Patience. A write must also be over
	// before keyset.Propagation: the dates in it count from when the step began.
	storeTimeout = 2 * time.Second
	// missInterval is how often tokens with an unknown key id can make a node read the set.
	missInterval = 10 * time.Second
	// attempts bounds how often a change is decided anew because another node was faster.
	attempts = 10
)

// Ring holds the signing keys of one node. Fill in the exported fields, call Open, then keep
// Run going. After Open every method is safe for concurrent use.
type Ring struct {
	Store  store.KeySets
	Master masterkey.Key
	Policy keyset.Policy
	Now    func() time.Time

	// Audit turns a fact into a consequence that is written with it. Nil records nothing.
	Audit func(eventType, subject string, detail map[string]string) identity.Consequence
	// MayCreate is asked before the first key is made. An error refuses, and says why a store
	// without a key set is not a new one. Nil allows it.
	MayCreate func(ctx context.Context) error
	// Generate makes a key pair with a modulus of that many bits. Nil means crypto/rsa.
	Generate func(bits int) (*rsa.PrivateKey, error)
	// Log takes what an operator should know. Nil discards it.
	Log *slog.Logger
	// Patience bounds one step of reading or writing the set. Zero means 2 s; more than
	// keyset.Propagation is for tests, where no process is stopped and goes on later.
	Patience time.Duration

	snap     atomic.Pointer[snapshot]
	loading  sync.Mutex // held while the set is read, so that an older one never replaces a newer one
	missing  sync.Mutex // guards missedAt, and makes those who miss a key wait for one another
	missedAt time.Time
}

// Open reads the set, or makes the first one when the store has none. It fails when the set
// cannot be read, is damaged or does not open with the master key, and when the policy is
// invalid. It may be called again after it failed.
func (r *Ring) Open(ctx context.Context) error {
	_, err := r.load(ctx)
	if errors.Is(err, store.ErrNotFound) {
		err = r.create(ctx)
	}
	if err == nil && r.Policy.Unsafe {
		r.log().WarnContext(ctx, "the key policy is unsafe: verifiers with a cached key set will reject valid tokens")
	}
	return err
}

func (r *Ring) patience() time.Duration { return cmp.Or(r.Patience, storeTimeout) }

// create makes the first key. It signs at once: nobody can have cached a set without it.
func (r *Ring) create(ctx context.Context) error {
	if r.MayCreate != nil {
		if err := r.MayCreate(ctx); err != nil {
			return fmt.Errorf("keyring: the store has no signing keys, and new ones are refused: %w", err)
		}
	}
	k, err := r.generate()
	if err != nil {
		return err
	}
	swapCtx, cancel := context.WithTimeout(ctx, r.patience())
	defer cancel()
	now := r.now()
	set := keyset.First(k, now, r.Policy)
	_, err = r.swap(swapCtx, nil, set, r.audit(keyset.Plan{Add: true, At: now}, k.KID))
	if errors.Is(err, store.ErrStale) {
		_, err = r.load(ctx) // another node was faster; its key is the key
	}
	return err
}

// Signer returns the key to sign with now and its id. The key is nil until Open has succeeded.
func (r *Ring) Signer() (kid string, key *rsa.PrivateKey) {
	if s := r.snap.Load(); s != nil {
		v := s.at(r.now())
		return v.kid, v.signer
	}
	return "", nil
}

// JWKS returns the published key set as a JWK set, ready to serve, and its strong ETag.
// Verifiers may cache it for Policy.MaxAge. The bytes are shared: do not change them. They are
// nil until Open has succeeded; then there is no set to serve, which is not an empty set.
func (r *Ring) JWKS() (body []byte, etag string) {
	if s := r.snap.Load(); s != nil {
		v := s.at(r.now())
		return v.body, v.etag
	}
	return nil, ""
}

// PublicKey returns a published key. An id the node has never heard of makes it read the set
// once more, because another node may have just changed it; at most once in ten seconds,
// however many such ids come. Retired and revoked keys are unknown.
func (r *Ring) PublicKey(kid string) (*rsa.PublicKey, bool) {
	s := r.snap.Load()
	if s == nil {
		return nil, false
	}
	if pub, ok := s.at(r.now()).public[kid]; ok {
		return pub, true
	}
	if s.knows(kid) {
		return nil, false
	}
	r.reloadAfterMiss()
	pub, ok := r.snap.Load().at(r.now()).public[kid]
	return pub, ok
}

func (r *Ring) reloadAfterMiss() {
	r.missing.Lock()
	defer r.missing.Unlock()
	now := r.now()
	if since := now.Sub(r.missedAt); since >= 0 && since < missInterval {
		return
	}
	r.missedAt = now
	if _, err := r.load(context.Background()); err != nil {
		r.log().Warn("cannot read the signing keys after a token with an unknown key", "err", err)
	}
}

// now is in whole milliseconds, like every time that is stored.
func (r *Ring) now() time.Time { return r.Now().UTC().Truncate(time.Millisecond) }

func (r *Ring) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}

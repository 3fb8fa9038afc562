package keyring

import (
	"bytes"
	"context"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// snapshot is one stored version of the set, opened, with everything that is ever read of it
// prepared for every span of time in which no key changes its state. It is immutable.
type snapshot struct {
	doc   store.KeySet
	set   keyset.Set
	keys  map[string]openKey
	views []view // in the order of from; the first one has no beginning
}

type openKey struct {
	stored  keyset.Key
	private *rsa.PrivateKey
}

type view struct {
	from   time.Time
	kid    string
	signer *rsa.PrivateKey
	public map[string]*rsa.PublicKey
	body   []byte
	etag   string
}

// at returns the view of an instant, whichever way the clock went since the last call.
func (s *snapshot) at(now time.Time) *view {
	i := len(s.views) - 1
	for i > 0 && now.Before(s.views[i].from) {
		i--
	}
	return &s.views[i]
}

// knows reports whether reading the set again could not tell more about a key.
func (s *snapshot) knows(kid string) bool {
	_, ok := s.keys[kid]
	return ok || s.set.IsRevoked(kid)
}

// load reads the set from the store and makes it the node's, unless it is already. When it
// fails the node keeps the snapshot it has.
func (r *Ring) load(ctx context.Context) (*snapshot, error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	old := r.snap.Load()
	if old == nil {
		if err := r.usable(); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.patience())
	defer cancel()
	doc, err := r.Store.KeySet(ctx)
	if err != nil {
		return nil, fmt.Errorf("keyring: read the key set: %w", err)
	}
	if old != nil && old.doc.Version == doc.Version && bytes.Equal(old.doc.Data, doc.Data) {
		return old, nil
	}
	s, err := r.open(doc, old)
	if err != nil {
		return nil, err
	}
	r.snap.Store(s)
	return s, nil
}

// adopt makes a set the node wrote its own, unless it has read a newer one meanwhile.
func (r *Ring) adopt(s *snapshot) {
	r.loading.Lock()
	defer r.loading.Unlock()
	if old := r.snap.Load(); old == nil || old.doc.Version < s.doc.Version {
		r.snap.Store(s)
	}
}

func (r *Ring) usable() error {
	if r.Master.IsZero() {
		return fmt.Errorf("keyring: %w: there is none", ErrMasterKey)
	}
	if err := r.Policy.Validate(); err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}

// open checks a stored set in full and opens every key. Keys that old has opened are not
// opened again.
func (r *Ring) open(doc store.KeySet, old *snapshot) (*snapshot, error) {
	set, err := keyset.Unmarshal(doc.Data)
	if err != nil {
		return nil, fmt.Errorf("keyring: version %d of the key set: %w", doc.Version, err)
	}
	s := &snapshot{doc: doc, set: set, keys: map[string]openKey{}}
	for _, k := range set.Keys {
		if old != nil {
			if o, ok := old.keys[k.KID]; ok && bytes.Equal(o.stored.Sealed, k.Sealed) {
				s.keys[k.KID] = openKey{k, o.private}
				continue
			}
		}
		private, err := r.unseal(k)
		if err != nil {
			return nil, fmt.Errorf("keyring: signing key %s: %w", k.KID, err)
		}
		s.keys[k.KID] = openKey{k, private}
	}
	return s, s.prepare(r.Policy)
}

// prepare renders the views from the beginning of time to its end.
func (s *snapshot) prepare(p keyset.Policy) error {
	for from := (time.Time{}); ; {
		published := s.set.Published(from, p)
		body, etag, err := keyset.JWKS(published)
		if err != nil {
			return fmt.Errorf("keyring: %w", err)
		}
		kid := s.set.Active(from).KID
		v := view{from: from, kid: kid, signer: s.keys[kid].private, body: body, etag: etag}
		v.public = make(map[string]*rsa.PublicKey, len(published))
		for _, k := range published {
			v.public[k.KID] = &s.keys[k.KID].private.PublicKey
		}
		s.views = append(s.views, v)
		_, until := s.set.Holds(from, p)
		if until.IsZero() {
			return nil
		}
		from = until
	}
}

package apikey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// readTimeout bounds a read that several requests may be waiting for.
const readTimeout = 5 * time.Second

// errBusy is ErrUnavailable to the caller: nothing is known of the key.
var errBusy = errors.New("apikey: too many unknown keys a second")

// Authenticate returns the live key that a presented credential belongs to, without its
// hash, or ErrInvalidKey. It compares hashes in constant time. The key may have been read up
// to CacheFor ago; when it has to be read and the store does not answer, the error is the
// store's, because nothing is known of the key then. A flood of made-up keys gets that
// answer too, once it exceeds 50 ids a second; keys that this node has seen are not affected.
func (s *Service) Authenticate(ctx context.Context, presented string) (identity.APIKey, error) {
	credential, ok := parse(presented)
	if !ok {
		return identity.APIKey{}, ErrInvalidKey
	}
	k, err := s.lookup(ctx, credential.ID)
	if err != nil {
		return identity.APIKey{}, err
	}
	now := s.Now()
	if !credential.Matches(k.Hash) || !k.Live(now) { // an unknown key has no hash, which nothing matches
		return identity.APIKey{}, ErrInvalidKey
	}
	s.noteUse(k, now)
	k.Hash, k.Scopes = nil, slices.Clone(k.Scopes)
	return k, nil
}

func parse(presented string) (opaque.Token, bool) {
	for _, prefix := range []string{publishablePrefix, secretPrefix} {
		if t, ok := opaque.Parse(prefix, presented); ok {
			return t, true
		}
	}
	return opaque.Token{}, false
}

// lookup returns the key with this id, the zero key when there is none. Requests that need
// the same key at the same time share one read.
func (s *Service) lookup(ctx context.Context, id string) (identity.APIKey, error) {
	now := s.Now()
	s.mu.Lock()
	if k, ok := s.cache.fresh(id, now, s.cacheFor()); ok {
		s.mu.Unlock()
		return k, nil
	}
	r, shared := s.cache.reads[id]
	if !shared {
		if !s.cache.knows(id) && !s.budget.take(now) {
			s.mu.Unlock()
			return identity.APIKey{}, store.ErrUnavailable.With(errBusy)
		}
		r = s.cache.begin(id, now)
		go s.read(context.WithoutCancel(ctx), id, r) // not the request's to cancel: others wait too
	}
	s.mu.Unlock()
	select {
	case <-r.done:
		return r.key, r.err
	case <-ctx.Done():
		return identity.APIKey{}, store.ErrUnavailable.With(ctx.Err())
	}
}

// read asks the store for one key and lets everybody know who waits for it.
func (s *Service) read(ctx context.Context, id string, r *read) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	k, err := s.Store.APIKey(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		r.key = identity.APIKey{}
	case err != nil:
		r.err = fmt.Errorf("apikey: read key: %w", err)
	default:
		r.key = k
	}
	s.mu.Lock()
	s.cache.end(id, r)
	s.mu.Unlock()
	close(r.done)
}

func (s *Service) cacheFor() time.Duration {
	if s.CacheFor <= 0 {
		return 5 * time.Second
	}
	return s.CacheFor
}

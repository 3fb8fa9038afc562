package apikey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const eventRevoked = "api_key_revoked"

// Revoke ends a key for good: here at once, on other nodes within CacheFor. It records
// api_key_revoked. Revoking a key that is revoked already is no error and records nothing;
// ErrNotFound when there is none.
func (s *Service) Revoke(ctx context.Context, by identity.Actor, id string) error {
	now := s.millis()
	err := s.Store.RevokeAPIKey(ctx, id, now, s.Audit(event(eventRevoked, by, id, now)))
	s.mu.Lock()
	s.cache.forget(id) // whatever the store says: it may have written and failed to answer
	s.mu.Unlock()
	switch {
	case err == nil || errors.Is(err, store.ErrStale):
		return nil
	case errors.Is(err, store.ErrNotFound):
		return ErrNotFound
	default:
		return wrap("revoke", err)
	}
}

// event describes what an actor did to a key.
func event(kind string, by identity.Actor, id string, at time.Time) identity.Event {
	e := identity.Event{At: at, Type: kind, Actor: by.Name(), Subject: "key:" + id, IP: by.Client.IP}
	if by.Session != nil {
		e.Session = by.Session.ID
	}
	return e
}

func (s *Service) millis() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

func wrap(what string, err error) error { return fmt.Errorf("apikey: %s: %w", what, err) }

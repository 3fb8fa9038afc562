package apikey

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	// touchEvery is how precise LastUsedAt is.
	touchEvery = time.Minute
	flushEvery = 10 * time.Second
)

// usage holds the uses of the last minute by key id; there are never more than keys. The
// service's mutex guards it.
type usage map[string]use

type use struct {
	at      time.Time
	written bool
}

// noteUse remembers that a key was used, for the next Flush, at most once a minute a key.
func (s *Service) noteUse(k identity.APIKey, now time.Time) {
	if now.Sub(k.LastUsedAt) < touchEvery {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if u, ok := s.used[k.ID]; ok && now.Sub(u.at) < touchEvery {
		return
	}
	if s.used == nil {
		s.used = make(usage)
	}
	s.used[k.ID] = use{at: now.UTC().Truncate(time.Millisecond)}
}

// Flush writes the uses that were noted to the store. What cannot be written is kept for the
// next time; the error is the store's.
func (s *Service) Flush(ctx context.Context) error {
	for id, at := range s.unwritten() {
		err := s.Store.TouchAPIKey(ctx, id, at)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return wrap("note last use", err)
		}
		s.mu.Lock()
		if u := s.used[id]; u.at.Equal(at) {
			s.used[id] = use{at: at, written: true}
		}
		s.mu.Unlock()
	}
	return nil
}

// unwritten returns the uses to write and drops those that say nothing any more.
func (s *Service) unwritten() map[string]time.Time {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]time.Time)
	for id, u := range s.used {
		switch {
		case !u.written:
			out[id] = u.at
		case now.Sub(u.at) >= touchEvery:
			delete(s.used, id)
		}
	}
	return out
}

// Run gets acquainted with the keys there are, then flushes every 10 s until ctx ends, and
// once more after that. One call a service.
func (s *Service) Run(ctx context.Context) {
	s.meetAll(ctx)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			s.flushOrWarn(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
	defer cancel()
	s.flushOrWarn(last)
}

func (s *Service) meetAll(ctx context.Context) {
	keys, err := s.Store.APIKeys(ctx)
	if err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "cannot list API keys", slog.Any("error", err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache.meet(keys)
}

func (s *Service) flushOrWarn(ctx context.Context) {
	if err := s.Flush(ctx); err != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "cannot note the last use of API keys", slog.Any("error", err))
	}
}

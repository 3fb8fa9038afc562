package social

import (
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/provider"
)

// Wait has a flow wait so long for a provider.
func (s *Service) Wait(d time.Duration) { s.patience = d }

// Waiting returns how many flows wait for a provider on this node.
func (s *Service) Waiting(name string) int {
	s.doors.mu.Lock()
	defer s.doors.mu.Unlock()
	return s.doors.waiting[name]
}

// Asked returns what a provider is asked for a state with a cookie.
func (s *Service) Asked(state, secret string) provider.Authorization {
	var f flow
	if !s.open(statePrefix, state, &f) {
		return provider.Authorization{}
	}
	return s.authorization(f, state, secret)
}

// Sealed seals something for a purpose.
func (s *Service) Sealed(prefix string, v any) string { return s.seal(prefix, v) }

// Opened reports whether a text opens for a purpose.
func (s *Service) Opened(prefix, text string) bool {
	var v map[string]any
	return s.open(prefix, text, &v)
}

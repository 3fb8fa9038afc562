package apikey

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// Errors of this package.
var (
	// ErrInvalidKey answers a key that is missing, malformed, unknown, wrong, revoked or
	// expired, all alike.
	ErrInvalidKey = fault.New(fault.Unauthenticated, "invalid_api_key", "the API key is missing or not valid")
	// ErrNotFound says that there is no API key with this id.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such API key")
)

// The prefixes of credentials, one for each kind.
const (
	publishablePrefix = "pk"
	secretPrefix      = "sk"
)

// Service keeps API keys. It is safe for concurrent use.
type Service struct {
	Store store.APIKeys
	Audit func(identity.Event) identity.Consequence // makes the record of an event
	Now   func() time.Time
	Log   *slog.Logger
	// CacheFor is how long a key that was read may be believed: a key that another node
	// revokes stays alive here for so long at most. Zero means 5 s.
	CacheFor time.Duration

	mu     sync.Mutex
	cache  cache
	budget budget
	used   usage
}

// List returns every key, dead ones included, oldest first, without hashes.
func (s *Service) List(ctx context.Context) ([]identity.APIKey, error) {
	keys, err := s.Store.APIKeys(ctx)
	if err != nil {
		return nil, wrap("list", err)
	}
	for i := range keys {
		keys[i].Hash = nil
	}
	return keys, nil
}

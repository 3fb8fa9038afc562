package store

import (
	"context"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// APIKeys keeps the credentials of calling applications.
type APIKeys interface {
	// CreateAPIKey stores a new key and records also. ErrExists when the id is taken.
	CreateAPIKey(ctx context.Context, k identity.APIKey, also ...identity.Consequence) error
	// APIKey returns a key, dead ones included.
	APIKey(ctx context.Context, id string) (identity.APIKey, error)
	// APIKeys returns every key, oldest first.
	APIKeys(ctx context.Context) ([]identity.APIKey, error)
	// RevokeAPIKey revokes a key that is not revoked and records also. ErrStale when it is
	// revoked already, ErrNotFound when there is none.
	RevokeAPIKey(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error
	// TouchAPIKey moves LastUsedAt forward to at; an earlier time changes nothing, and
	// neither does the id of no key.
	TouchAPIKey(ctx context.Context, id string, at time.Time) error
}

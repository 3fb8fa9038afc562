package store

import (
	"context"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// KeySet is the signing key set as the store sees it: bytes with a version.
type KeySet struct {
	Version int64 // 1 for the first
	Data    []byte
}

// KeySets keeps the one signing key set.
type KeySets interface {
	// KeySet returns the set; ErrNotFound only when none was ever stored.
	KeySet(ctx context.Context) (KeySet, error)
	// SwapKeySet stores data as version from+1 if the stored version is from (0: none is
	// stored) and records also; else ErrStale. Of any number of concurrent callers with one
	// from exactly one succeeds.
	SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error
}

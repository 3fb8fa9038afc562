package dialecttest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"sync"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// material is the master key and the signing keys of the services that one test binary
// starts. Making an RSA key takes longer than most scenarios, so they share the first one.
type material struct {
	mu     sync.Mutex
	master string
	keySet []byte
}

var shared material

func (m *material) masterKey() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.master == "" {
		key := make([]byte, 32)
		_, _ = rand.Read(key)
		m.master = base64.StdEncoding.EncodeToString(key)
	}
	return m.master
}

// plant gives an empty store the shared signing keys, if there are any yet.
func (m *material) plant(ctx context.Context, db store.KeySets) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keySet == nil {
		return nil
	}
	if err := db.SwapKeySet(ctx, 0, m.keySet); err != nil && !errors.Is(err, store.ErrStale) {
		return err
	}
	return nil
}

// keep remembers the signing keys that a service has made.
func (m *material) keep(ctx context.Context, db store.KeySets) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keySet != nil {
		return nil
	}
	set, err := db.KeySet(ctx)
	m.keySet = set.Data
	return err
}

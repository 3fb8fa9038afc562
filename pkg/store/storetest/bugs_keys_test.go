package storetest_test

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func keyBugs() []bug {
	return []bug{
		{"CreateAPIKey replaces a key", func(m *memory) store.Store { return keyReplaces{m} }, []string{
			"apikeys/CreateAPIKey stores a key and never replaces one",
			"apikeys/of 50 concurrent CreateAPIKey with one id exactly one succeeds"}},
		{"APIKey of an unknown id is the zero key", func(m *memory) store.Store { return keyZero{m} }, []string{
			"apikeys/a key that is not there is ErrNotFound",
			"apikeys/TouchAPIKey of a key that is not there makes none and is no error"}},
		{"APIKeys leaves dead keys out", func(m *memory) store.Store { return listsLiveKeys{m} }, []string{
			"apikeys/APIKeys returns every key, dead ones included, oldest first"}},
		{"RevokeAPIKey revokes again", func(m *memory) store.Store { return revokeKeyAgain{m} }, []string{
			"apikeys/RevokeAPIKey revokes once: the second time is ErrStale and changes nothing",
			"apikeys/of 50 concurrent RevokeAPIKey exactly one succeeds"}},
		{"TouchAPIKey moves back", func(m *memory) store.Store { return touchBack{m} }, []string{
			"apikeys/TouchAPIKey moves LastUsedAt forward and never back"}},
		{"TouchAPIKey writes back what it read before a revocation", func(m *memory) store.Store { return staleTouch{m, newSignal()} }, []string{
			"apikeys/of concurrent TouchAPIKey the latest stays, and a racing revocation too"}},
		{"KeySet is empty before one is stored", func(m *memory) store.Store { return setZero{m} }, []string{
			"keysets/KeySet is ErrNotFound until one is stored"}},
		{"SwapKeySet stores no more than 1 KiB", func(m *memory) store.Store { return setCut{m} }, []string{
			"keysets/SwapKeySet stores versions one after the other",
			"fidelity/every field of the key set survives"}},
		{"SwapKeySet ignores the version", func(m *memory) store.Store { return swapBlind{m} }, []string{
			"keysets/SwapKeySet from another version is ErrStale and changes nothing",
			"keysets/of 20 concurrent SwapKeySet from one version exactly one succeeds, version after version"}},
		{"SwapKeySet checks and writes in two steps", func(m *memory) store.Store { return racySwap{m} }, []string{
			"keysets/of 20 concurrent SwapKeySet from one version exactly one succeeds, version after version"}},
	}
}

func counterBugs() []bug {
	return []bug{
		{"windows are cut by the clock", func(m *memory) store.Store { return fixedWindows{m} }, []string{
			"counters/Hit counts up, and the window begins with the first hit"}},
		{"a window holds at ResetsAt", func(m *memory) store.Store { return longWindows{m} }, []string{
			"counters/a window ends exactly at ResetsAt, and the next hit begins another",
			"counters/Peek returns N 0 when there is no window, or it is over"}},
		{"Hit returns counts in the order of keys", func(m *memory) store.Store { return sortedHits{m} }, []string{
			"counters/Hit moves several counters and returns them in the order of the call"}},
		{"counters are told apart by 199 bytes", func(m *memory) store.Store { return shortKeys{m} }, []string{
			"counters/Hit keeps counters apart whose keys differ in anything"}},
		{"Hit reads and writes in two steps", func(m *memory) store.Store { return racyHit{m} }, []string{
			"counters/of 100 concurrent Hit each sees another N, and all see one window",
			"counters/of 50 concurrent Hit after the end of a window each sees another N of the new one",
			"counters/concurrent Hit of the same counters in another order all succeed and count"}},
		{"Peek counts", func(m *memory) store.Store { return peekCounts{m} }, []string{
			"counters/Peek returns where a counter stands without moving it"}},
		{"Forget forgets all", func(m *memory) store.Store { return forgetAll{m} }, []string{
			"counters/Forget ends the windows of the named counters and of no others"}},
	}
}

type keyReplaces struct{ *memory }

func (b keyReplaces) CreateAPIKey(ctx context.Context, k identity.APIKey, also ...identity.Consequence) error {
	return b.step(ctx, func() error {
		b.keys[k.ID] = clone(k)
		b.record(k.ID, also)
		return nil
	})
}

type keyZero struct{ *memory }

func (b keyZero) APIKey(ctx context.Context, id string) (identity.APIKey, error) {
	return found(b.memory.APIKey(ctx, id))
}

type listsLiveKeys struct{ *memory }

func (b listsLiveKeys) APIKeys(ctx context.Context) ([]identity.APIKey, error) {
	l, err := b.memory.APIKeys(ctx)
	return slices.DeleteFunc(l, func(k identity.APIKey) bool { return !k.RevokedAt.IsZero() }), err
}

type revokeKeyAgain struct{ *memory }

func (b revokeKeyAgain) RevokeAPIKey(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	return change(ctx, b.memory, b.keys, id, func(k *identity.APIKey) error {
		k.RevokedAt = at
		b.record(id, also)
		return nil
	})
}

type touchBack struct{ *memory }

func (b touchBack) TouchAPIKey(ctx context.Context, id string, at time.Time) error {
	return change(ctx, b.memory, b.keys, id, func(k *identity.APIKey) error {
		k.LastUsedAt = at
		return nil
	})
}

// staleTouch writes the key back as it was before a revocation.
type staleTouch struct {
	*memory
	revoked *signal
}

func (b staleTouch) RevokeAPIKey(ctx context.Context, id string, at time.Time, also ...identity.Consequence) error {
	defer b.revoked.give()
	return b.memory.RevokeAPIKey(ctx, id, at, also...)
}

func (b staleTouch) TouchAPIKey(ctx context.Context, id string, at time.Time) error {
	<-b.revoked.c
	return change(ctx, b.memory, b.keys, id, func(k *identity.APIKey) error {
		k.RevokedAt = time.Time{}
		if at.After(k.LastUsedAt) {
			k.LastUsedAt = at
		}
		return nil
	})
}

type setZero struct{ *memory }

func (b setZero) KeySet(ctx context.Context) (store.KeySet, error) {
	return found(b.memory.KeySet(ctx))
}

type setCut struct{ *memory }

func (b setCut) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	return b.memory.SwapKeySet(ctx, from, data[:min(len(data), 1024)], also...)
}

type swapBlind struct{ *memory }

func (b swapBlind) SwapKeySet(ctx context.Context, _ int64, data []byte, also ...identity.Consequence) error {
	return b.step(ctx, func() error {
		b.set = store.KeySet{Version: b.set.Version + 1, Data: data}
		b.record("key set", also)
		return nil
	})
}

type racySwap struct{ *memory }

func (b racySwap) SwapKeySet(ctx context.Context, from int64, data []byte, also ...identity.Consequence) error {
	return racy(b.memory, func(m *memory) error { return m.SwapKeySet(ctx, from, data, also...) })
}

type fixedWindows struct{ *memory }

func (b fixedWindows) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	return b.memory.Hit(ctx, now.Truncate(c[0].Window), c...)
}

type longWindows struct{ *memory }

func (b longWindows) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	if now.Equal(b.counts[c[0].Key].ResetsAt) {
		now = now.Add(-time.Millisecond)
	}
	return b.memory.Hit(ctx, now, c...)
}

func (b longWindows) Peek(_ context.Context, _ time.Time, c store.Counter) (store.Count, error) {
	return b.counts[c.Key], nil
}

type sortedHits struct{ *memory }

func (b sortedHits) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	slices.SortFunc(c, func(a, b store.Counter) int { return strings.Compare(a.Key, b.Key) })
	return b.memory.Hit(ctx, now, c...)
}

type shortKeys struct{ *memory }

func (b shortKeys) Hit(ctx context.Context, now time.Time, c ...store.Counter) ([]store.Count, error) {
	c[0].Key = c[0].Key[:min(len(c[0].Key), 199)]
	return b.memory.Hit(ctx, now, c...)
}

type racyHit struct{ *memory }

func (b racyHit) Hit(ctx context.Context, now time.Time, c ...store.Counter) (got []store.Count, err error) {
	err = racy(b.memory, func(m *memory) error {
		got, err = m.Hit(ctx, now, c...)
		return err
	})
	return got, err
}

type peekCounts struct{ *memory }

func (b peekCounts) Peek(ctx context.Context, now time.Time, c store.Counter) (store.Count, error) {
	got, err := b.Hit(ctx, now, c)
	return got[0], err
}

type forgetAll struct{ *memory }

func (b forgetAll) Forget(ctx context.Context, _ ...string) error {
	return b.step(ctx, func() error {
		clear(b.counts)
		return nil
	})
}

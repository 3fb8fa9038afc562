package storetest

import (
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func apiKeys() []promise {
	return []promise{
		{"CreateAPIKey stores a key and never replaces one", createAPIKey},
		{"of 50 concurrent CreateAPIKey with one id exactly one succeeds", createAPIKeyRace},
		{"a key that is not there is ErrNotFound", apiKeyNotFound},
		{"APIKeys returns every key, dead ones included, oldest first", listAPIKeys},
		{"RevokeAPIKey revokes once: the second time is ErrStale and changes nothing", revokeAPIKey},
		{"of 50 concurrent RevokeAPIKey exactly one succeeds", revokeAPIKeyRace},
		{"TouchAPIKey moves LastUsedAt forward and never back", touchAPIKey},
		{"TouchAPIKey of a key that is not there makes none and is no error", touchAPIKeyNone},
		{"of concurrent TouchAPIKey the latest stays, and a racing revocation too", touchAPIKeyRace},
	}
}

func (k *kit) issue(list ...identity.APIKey) {
	k.Helper()
	for _, a := range list {
		k.ok(k.s.CreateAPIKey(k.ctx, a))
	}
}

func createAPIKey(k *kit) {
	a := newAPIKey("k")
	k.issue(a, newAPIKey("other"))
	k.equal("the key", k.apiKey("k"), a)
	again := newAPIKey("k")
	again.Hash = []byte("another hash")
	k.refused(k.s.CreateAPIKey(k.ctx, again), store.ErrExists)
	k.equal("the key", k.apiKey("k"), a)
}

func createAPIKeyRace(k *kit) {
	name := func(i int) string { return fmt.Sprintf("app %d", i) }
	errs := race(50, func(i int) error {
		a := newAPIKey("k")
		a.Name = name(i)
		return k.s.CreateAPIKey(k.ctx, a, follows(name(i)))
	})
	won := k.winners(errs, 1, store.ErrExists)[0]
	k.equal("the name of the key", k.apiKey("k").Name, name(won))
	k.due(at(0), name(won))
}

func apiKeyNotFound(k *kit) {
	k.issue(newAPIKey("k"))
	for _, id := range []string{"", "K", "k ", "x", "' OR '1'='1", `{"$ne":null}`} {
		_, err := k.s.APIKey(k.ctx, id)
		k.refused(err, store.ErrNotFound)
	}
}

func listAPIKeys(k *kit) {
	var want []identity.APIKey
	for n, id := range []string{"c", "a", "d", "b"} {
		a := newAPIKey(id)
		a.CreatedAt = at(time.Duration(n) * time.Millisecond)
		want = append(want, a)
	}
	want[1].ExpiresAt = at(time.Second)
	want[2].RevokedAt = at(time.Second)
	k.issue(want[2], want[0], want[3], want[1])
	got, err := k.s.APIKeys(k.ctx)
	k.ok(err)
	k.equal("the keys", got, want)
}

func revokeAPIKey(k *kit) {
	want := newAPIKey("k")
	k.issue(want, newAPIKey("other"))
	k.ok(k.s.RevokeAPIKey(k.ctx, "k", at(time.Second), follows("first")))
	want.RevokedAt = at(time.Second)
	k.equal("the key", k.apiKey("k"), want)
	k.refused(k.s.RevokeAPIKey(k.ctx, "k", at(time.Minute), follows("second")), store.ErrStale)
	k.equal("the key", k.apiKey("k"), want)
	k.equal("the other key", k.apiKey("other"), newAPIKey("other"))
	k.refused(k.s.RevokeAPIKey(k.ctx, "none", at(time.Minute), follows("third")), store.ErrNotFound)
	k.due(at(time.Hour), "first")
}

func revokeAPIKeyRace(k *kit) {
	k.issue(newAPIKey("k"))
	id := func(i int) string { return fmt.Sprintf("c%d", i) }
	errs := race(50, func(i int) error {
		return k.s.RevokeAPIKey(k.ctx, "k", at(time.Duration(i)*time.Second), follows(id(i)))
	})
	won := k.winners(errs, 1, store.ErrStale)[0]
	k.equal("the time", k.apiKey("k").RevokedAt, at(time.Duration(won)*time.Second))
	k.due(at(0), id(won))
}

func touchAPIKey(k *kit) {
	want := newAPIKey("k")
	k.issue(want, newAPIKey("other"))
	for _, c := range []struct{ at, want time.Duration }{
		{time.Minute, time.Minute},
		{time.Second, time.Minute},
		{time.Minute, time.Minute},
		{time.Minute + time.Millisecond, time.Minute + time.Millisecond},
		{-time.Hour, time.Minute + time.Millisecond},
	} {
		k.ok(k.s.TouchAPIKey(k.ctx, "k", at(c.at)))
		want.LastUsedAt = at(c.want)
		k.equal("the key", k.apiKey("k"), want)
	}
	k.equal("the other key", k.apiKey("other"), newAPIKey("other"))
}

func touchAPIKeyNone(k *kit) {
	k.ok(k.s.TouchAPIKey(k.ctx, "none", at(0)))
	_, err := k.s.APIKey(k.ctx, "none")
	k.refused(err, store.ErrNotFound)
}

func touchAPIKeyRace(k *kit) {
	for round := range 5 {
		id := fmt.Sprintf("k%d", round)
		k.issue(newAPIKey(id))
		k.all(race(31, func(i int) error {
			if i == 0 {
				return k.s.RevokeAPIKey(k.ctx, id, at(time.Second))
			}
			return k.s.TouchAPIKey(k.ctx, id, at(time.Duration(1+i*7%30)*time.Second))
		}))
		want := newAPIKey(id)
		want.RevokedAt, want.LastUsedAt = at(time.Second), at(30*time.Second)
		k.equal("the key", k.apiKey(id), want)
	}
}

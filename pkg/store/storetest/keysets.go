package storetest

import (
	"bytes"
	"fmt"

	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func keySets() []promise {
	return []promise{
		{"KeySet is ErrNotFound until one is stored", keySetNotFound},
		{"SwapKeySet stores versions one after the other", swapKeySet},
		{"SwapKeySet from another version is ErrStale and changes nothing", swapKeySetStale},
		{"of 20 concurrent SwapKeySet from one version exactly one succeeds, version after version", swapKeySetRace},
	}
}

func keySetNotFound(k *kit) {
	_, err := k.s.KeySet(k.ctx)
	k.refused(err, store.ErrNotFound)
}

func swapKeySet(k *kit) {
	for from := range int64(4) {
		data := bytes.Repeat([]byte{byte(from), 0, 0xff, '"'}, 1+16_000*int(from%2))
		k.ok(k.s.SwapKeySet(k.ctx, from, data))
		k.equal("the key set", k.keySet(), store.KeySet{Version: from + 1, Data: data})
	}
}

func swapKeySetStale(k *kit) {
	for _, from := range []int64{-1, 1, 2} {
		k.refused(k.s.SwapKeySet(k.ctx, from, []byte("x"), follows("c")), store.ErrStale)
		_, err := k.s.KeySet(k.ctx)
		k.refused(err, store.ErrNotFound)
	}
	k.ok(k.s.SwapKeySet(k.ctx, 0, []byte("one")))
	k.ok(k.s.SwapKeySet(k.ctx, 1, []byte("two")))
	for _, from := range []int64{-1, 0, 1, 3} {
		k.refused(k.s.SwapKeySet(k.ctx, from, []byte("x"), follows("c")), store.ErrStale)
		k.equal("the key set", k.keySet(), store.KeySet{Version: 2, Data: []byte("two")})
	}
	k.due(at(0))
}

func swapKeySetRace(k *kit) {
	for from := range int64(20) {
		id := func(i int) string { return fmt.Sprintf("v%d by %d", from+1, i) }
		errs := race(20, func(i int) error { return k.s.SwapKeySet(k.ctx, from, []byte(id(i)), follows(id(i))) })
		won := k.winners(errs, 1, store.ErrStale)[0]
		k.equal("the key set", k.keySet(), store.KeySet{Version: from + 1, Data: []byte(id(won))})
		k.due(at(0), id(won))
	}
}

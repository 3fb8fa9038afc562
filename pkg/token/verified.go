package token

import (
	"crypto/sha256"
	"sync"
)

// perGeneration bounds what a verified remembers: twice as many tokens, about 4 MB.
const perGeneration = 4096

// verified remembers tokens whose signature and claims held, by the hash of every byte of
// them. Checking a signature is the same work each time with the same result; what can
// change, the time and the set of published keys, is checked again at every use. It never
// remembers that a token was refused. It is safe for concurrent use.
type verified struct {
	mu         sync.RWMutex
	young, old map[[sha256.Size]byte]remembered
}

type remembered struct {
	kid string
	w   *wire // never changed
}

func (v *verified) find(raw string) (remembered, [sha256.Size]byte, bool) {
	sum := sha256.Sum256([]byte(raw))
	v.mu.RLock()
	defer v.mu.RUnlock()
	r, ok := v.young[sum]
	if !ok {
		r, ok = v.old[sum]
	}
	return r, sum, ok
}

// add remembers a token. When a generation is full the one before it is forgotten; a token
// that is still in use then costs one more check.
func (v *verified) add(sum [sha256.Size]byte, r remembered) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.young == nil || len(v.young) >= perGeneration {
		v.old, v.young = v.young, make(map[[sha256.Size]byte]remembered)
	}
	v.young[sum] = r
}

package token

import (
	"crypto/sha256"

	"github.com/gatehouse-id/gatehouse/pkg/recent"
)

// rememberedTokens is how many verified tokens are kept at least: about 4 MB.
const rememberedTokens = 4096

// verified remembers tokens whose signature and claims held, by the hash of every byte of
// them. Checking a signature is the same work each time with the same result; what can
// change, the time and the set of published keys, is checked again at every use. It never
// remembers that a token was refused.
type verified = recent.Map[[sha256.Size]byte, remembered]

type remembered struct {
	kid string
	w   *wire // never changed
}

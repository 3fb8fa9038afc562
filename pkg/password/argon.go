package password

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"
)

const (
	saltLength = 16
	keyLength  = 32
)

// current is what Hash uses: the second of OWASP's equivalent minimum sets, chosen because
// memory per hash is what bounds how many a small node can do at once.
var current = argonCost{memory: 19456, time: 2, threads: 1}

type argonCost struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// argon is an Argon2id or Argon2i hash, version 1.3 (RFC 9106).
type argon struct {
	id        bool // Argon2id; else Argon2i
	cost      argonCost
	salt, key []byte
}

func parseArgon(id string, param []string, salt, key []byte) (stored, error) {
	if len(param) != 2 || param[0] != "v=19" {
		return nil, ErrUnknownHash
	}
	set, ok := parseSettings(param[1], "m", "t", "p")
	if !ok {
		return nil, ErrUnknownHash
	}
	n, ok := set.numbers("m", "t", "p")
	if !ok {
		return nil, ErrUnknownHash
	}
	if n[0] > maxMemory/1024 || n[1] > 10 || n[2] > 16 {
		return nil, ErrCostlyHash
	}
	cost := argonCost{memory: uint32(n[0]), time: uint32(n[1]), threads: uint8(n[2])} //nolint:gosec // positive and bounded above
	return argon{id: id == "argon2id", cost: cost, salt: salt, key: key}, nil
}

func (a argon) matches(password string) (bool, error) {
	return subtle.ConstantTimeCompare(a.derive(password, len(a.key)), a.key) == 1, nil
}

func (a argon) memory() int { return int(a.cost.memory) * 1024 }

func (a argon) derive(password string, length int) []byte {
	f := argon2.Key
	if a.id {
		f = argon2.IDKey
	}
	return f([]byte(password), a.salt, a.cost.time, a.cost.memory, a.cost.threads, uint32(length)) //nolint:gosec // at most maxKey
}

// String returns the hash as a PHC string.
func (a argon) String() string {
	name, b64 := "argon2i", base64.RawStdEncoding
	if a.id {
		name = "argon2id"
	}
	return fmt.Sprintf("$%s$v=%d$m=%d,t=%d,p=%d$%s$%s", name, argon2.Version,
		a.cost.memory, a.cost.time, a.cost.threads, b64.EncodeToString(a.salt), b64.EncodeToString(a.key))
}

// outdated reports whether a hash is not what Hash makes today.
func outdated(s stored) bool {
	a, ok := s.(argon)
	return !ok || !a.id || a.cost != current || len(a.salt) != saltLength || len(a.key) != keyLength
}

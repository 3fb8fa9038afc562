package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // PBKDF2-HMAC-SHA-1 is only ever verified, and replaced at the next sign-in
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
	"strings"
)

const maxIterations = 10_000_000

// pbkdf2Hash is a PBKDF2-HMAC hash (RFC 8018).
type pbkdf2Hash struct {
	digest     func() hash.Hash
	iterations int
	salt, key  []byte
}

func parsePBKDF2(id string, param []string, salt, key []byte) (stored, error) {
	digest := pbkdf2Digest(id)
	if digest == nil || len(param) != 1 {
		return nil, ErrUnknownHash
	}
	iterations, ok := pbkdf2Iterations(param[0], len(key))
	if !ok {
		return nil, ErrUnknownHash
	}
	size := digest().Size()
	blocks := (len(key) + size - 1) / size
	if iterations > maxIterations/blocks {
		return nil, ErrCostlyHash
	}
	return pbkdf2Hash{digest: digest, iterations: iterations, salt: salt, key: key}, nil
}

// pbkdf2Digest returns nil when id names no known digest. "pbkdf2" alone is passlib's SHA-1.
func pbkdf2Digest(id string) func() hash.Hash {
	switch id {
	case "pbkdf2", "pbkdf2-sha1":
		return sha1.New
	case "pbkdf2-sha256":
		return sha256.New
	case "pbkdf2-sha512":
		return sha512.New
	default:
		return nil
	}
}

// pbkdf2Iterations reads "i=29000", "i=29000,l=32" or passlib's "29000".
func pbkdf2Iterations(param string, keyLength int) (int, bool) {
	if !strings.Contains(param, "=") {
		return number(param)
	}
	set, ok := parseSettings(param, "i", "l?")
	if !ok {
		return 0, false
	}
	if l, given := set["l"]; given {
		if n, ok := number(l); !ok || n != keyLength {
			return 0, false
		}
	}
	return number(set["i"])
}

func (p pbkdf2Hash) matches(password string) (bool, error) {
	key, err := pbkdf2.Key(p.digest, password, p.salt, p.iterations, len(p.key))
	return subtle.ConstantTimeCompare(key, p.key) == 1 && hmacKeyed(password), err
}

func (p pbkdf2Hash) memory() int { return 4 << 10 }

// hmacKeyed reports whether a password is one that HMAC can tell from another: HMAC pads its
// key with NULs, so "a" and "a\x00" are the same to PBKDF2 and to scrypt, which is built on it.
func hmacKeyed(password string) bool { return !strings.HasSuffix(password, "\x00") }

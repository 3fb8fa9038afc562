package opaque

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const uuidLength = 36

// NewUUID returns a fresh credential that does not name its record, for dialects whose credentials
// are UUIDs: a random one (RFC 9562 section 5.4), 122 bits.
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program first
	return uuid(b, 4)
}

// UUIDOf returns the UUID that stands for a name in a space, always the same one (RFC 9562 section
// 5.8, of a SHA-256 hash). It is no secret.
func UUIDOf(space, name string) string {
	h := sha256.Sum256([]byte(space + "\x00" + name))
	return uuid([16]byte(h[:16]), 8)
}

func uuid(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	text := hex.EncodeToString(b[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// HashUUID returns what the store keeps of a UUID that is a credential of one kind. It accepts the
// form of RFC 9562 section 4 with hyphens, in any case, and nothing else.
func HashUUID(prefix, s string) ([]byte, bool) {
	if !isUUID(s) {
		return nil, false
	}
	h := sha256.Sum256([]byte(prefix + "_" + strings.ToLower(s)))
	return h[:], true
}

func isUUID(s string) bool {
	if len(s) != uuidLength {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20 // letters in lower case
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if s[i] != '-' {
				return false
			}
		case (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

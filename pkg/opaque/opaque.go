// Package opaque makes, splits and hashes credentials that mean nothing to their holder:
// API keys, invitation codes and the random identifiers of everything else.
//
// A credential is "<prefix>_<id>_<secret>": the id finds its record in one read, the secret
// (256 bits) is kept only as a SHA-256 hash and compared in constant time. It refuses to
// know what a credential is for; that is the caller's prefix.
package opaque

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

const (
	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	// IDLength is the length of a record id inside a credential: 119 bits.
	IDLength = 20
	// SecretLength is the length of a secret: 256 bits.
	SecretLength = 43
)

// Random returns n random characters of [A-Za-z0-9] from crypto/rand, 5.95 bits each.
func Random(n int) string {
	out := make([]byte, 0, n)
	buf := make([]byte, n+n/2)
	for len(out) < n {
		_, _ = rand.Read(buf) // never fails: crypto/rand ends the program first
		for _, b := range buf {
			// 248 is the largest multiple of 62 in a byte: no character is more likely than another.
			if b < 248 && len(out) < n {
				out = append(out, alphabet[b%62])
			}
		}
	}
	return string(out)
}

// Token is a credential in its parts.
type Token struct {
	Prefix string // what it is, for example "sk"
	ID     string // which record it belongs to; no secret
	Secret string // what proves it
}

// New returns a fresh credential with a random id.
func New(prefix string) Token { return NewFor(prefix, Random(IDLength)) }

// NewFor returns a fresh credential for a record that has an id already.
func NewFor(prefix, id string) Token {
	return Token{Prefix: prefix, ID: id, Secret: Random(SecretLength)}
}

// String returns the credential as its holder keeps it. It is a secret: never log it.
func (t Token) String() string { return t.Prefix + "_" + t.ID + "_" + t.Secret }

// Hash returns what the store keeps of the secret.
func (t Token) Hash() []byte {
	h := sha256.Sum256([]byte(t.Prefix + "_" + t.ID + "_" + t.Secret))
	return h[:]
}

// Matches compares the credential with a stored hash in constant time.
func (t Token) Matches(hash []byte) bool {
	return subtle.ConstantTimeCompare(t.Hash(), hash) == 1
}

// Parse splits a credential with the given prefix and an id of IDLength. It accepts exactly
// what String returns: no spaces, no other case, no shorter or longer part.
func Parse(prefix, s string) (Token, bool) { return ParseFor(prefix, IDLength, s) }

// ParseFor is Parse for a record whose ids have another length.
func ParseFor(prefix string, idLength int, s string) (Token, bool) {
	rest, ok := strings.CutPrefix(s, prefix+"_")
	if !ok || len(rest) != idLength+1+SecretLength || rest[idLength] != '_' {
		return Token{}, false
	}
	t := Token{Prefix: prefix, ID: rest[:idLength], Secret: rest[idLength+1:]}
	return t, alphanumeric(t.ID) && alphanumeric(t.Secret)
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}

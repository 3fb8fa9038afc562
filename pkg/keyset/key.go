package keyset

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxKeys is how many keys a set may hold, whatever their states. A set that is left alone
// holds three at most; the bound stops a loop of forced rotations.
const MaxKeys = 16

// maxRevoked is how many revoked keys a set remembers.
const maxRevoked = 128

// Key is one signing key. Slices are shared between copies and never written to.
type Key struct {
	KID         string        // RFC 7638 thumbprint of the public key
	CreatedAt   time.Time     // when the key pair was made
	PublishedAt time.Time     // when it joined the set
	ActivatesAt time.Time     // signs from here on, until its successor does
	KeepFor     time.Duration // stays published for at least this long after it stops signing
	Public      []byte        // PKCS #1 DER (RFC 8017 A.1.1)
	Sealed      []byte        // the private key, as the caller sealed it
}

// Revoked is a key that was taken out of the set.
type Revoked struct {
	KID string    `json:"kid"`
	At  time.Time `json:"at"`
}

// Set is the key set: Keys in the order in which they sign, and what was revoked, oldest
// first. Treat a Set as immutable; its methods return new ones. The zero Set is not valid,
// for there is no key to sign with.
type Set struct {
	Keys    []Key
	Revoked []Revoked
}

// NewKey returns a key for a public key, without dates.
func NewKey(pub *rsa.PublicKey, sealed []byte) Key {
	return Key{KID: Thumbprint(pub), Public: x509.MarshalPKCS1PublicKey(pub), Sealed: sealed}
}

// PublicKey returns the public key. It refuses one that is shorter than 2048 bits or has
// another exponent than 65537 (NIST SP 800-131A, FIPS 186-5 A.1.1).
func (k Key) PublicKey() (*rsa.PublicKey, error) {
	pub, err := x509.ParsePKCS1PublicKey(k.Public)
	if err != nil {
		return nil, errors.New("its public key is not a PKCS #1 RSA key")
	}
	if bits := pub.N.BitLen(); bits < 2048 || bits > 4096 || pub.E != 65537 {
		return nil, fmt.Errorf("its public key has %d bits and exponent %d; want 2048 to 4096 and 65537", bits, pub.E)
	}
	return pub, nil
}

// Find returns the key with this id.
func (s Set) Find(kid string) (Key, bool) {
	i := s.index(kid)
	if i < 0 {
		return Key{}, false
	}
	return s.Keys[i], true
}

// IsRevoked reports whether the set remembers the key as revoked.
func (s Set) IsRevoked(kid string) bool {
	return slices.ContainsFunc(s.Revoked, func(r Revoked) bool { return r.KID == kid })
}

func (s Set) index(kid string) int {
	return slices.IndexFunc(s.Keys, func(k Key) bool { return k.KID == kid })
}

// bySigning orders keys by when they sign; the id breaks a tie the same way everywhere.
func bySigning(a, b Key) int {
	return cmp.Or(a.ActivatesAt.Compare(b.ActivatesAt), cmp.Compare(a.KID, b.KID))
}

package masterkey

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
)

// ErrOpen says that something sealed does not open: it was sealed with another key or for
// another purpose, or it was altered since. The three cannot be told apart.
var ErrOpen = errors.New("sealed with another master key or for another purpose, or altered since")

// The first byte of everything sealed names how: AES-256-GCM, random nonce in front.
const sealVersion = 1

const (
	deriveLabel = "gatehouse derive v1 "
	sealLabel   = "gatehouse seal v1"
)

// Derive returns 32 bytes that depend on the key and the purpose (HKDF-SHA256, RFC 5869).
// Other purposes give unrelated bytes, and none of them is the key Seal uses.
func (k Key) Derive(purpose string) []byte { return k.expand(deriveLabel + purpose) }

// Seal encrypts and authenticates plaintext (AES-256-GCM with a random nonce). It opens for
// the same purpose only. One master key is good for 2^32 calls (NIST SP 800-38D 8.3).
func (k Key) Seal(purpose string, plaintext []byte) []byte {
	//nolint:gosec // no nonce is given: this AEAD makes a random one for each call
	return k.aead().Seal([]byte{sealVersion}, nil, plaintext, []byte(purpose))
}

// Open returns what Seal was given. The error is ErrOpen.
func (k Key) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return nil, ErrOpen
	}
	plaintext, err := k.aead().Open(nil, nil, sealed[1:], []byte(purpose))
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

func (k Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.expand(sealLabel))
	if err != nil {
		panic("masterkey: " + err.Error()) // the key length is a constant
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("masterkey: " + err.Error()) // AES has the block size GCM wants
	}
	return aead
}

func (k Key) expand(info string) []byte {
	if k.IsZero() {
		panic("masterkey: the zero Key was used")
	}
	out, err := hkdf.Key(sha256.New, k.secret()[:], nil, info, Size)
	if err != nil {
		panic("masterkey: " + err.Error()) // the lengths are constants
	}
	return out
}

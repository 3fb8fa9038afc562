package password

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"

	"golang.org/x/crypto/scrypt"
)

// scryptCost is N, r and p of RFC 7914.
type scryptCost struct{ n, r, p int }

// newScryptCost applies the ceilings; log is the binary logarithm of N.
func newScryptCost(log, r, p int) (scryptCost, error) {
	if log > 20 || r > 32 || p > 16 {
		return scryptCost{}, ErrCostlyHash
	}
	c := scryptCost{n: 1 << log, r: r, p: p}
	if c.memory() > maxMemory {
		return scryptCost{}, ErrCostlyHash
	}
	return c, nil
}

func (c scryptCost) memory() int { return 128 * c.n * c.r }

func (c scryptCost) derive(password string, salt []byte, length int) ([]byte, error) {
	return scrypt.Key([]byte(password), salt, c.n, c.r, c.p, length)
}

// scryptHash is a plain scrypt hash.
type scryptHash struct {
	scryptCost
	salt, key []byte
}

func parseScrypt(param []string, salt, key []byte) (stored, error) {
	if len(param) != 1 {
		return nil, ErrUnknownHash
	}
	set, ok := parseSettings(param[0], "ln", "r", "p")
	if !ok {
		return nil, ErrUnknownHash
	}
	n, ok := set.numbers("ln", "r", "p")
	if !ok {
		return nil, ErrUnknownHash
	}
	cost, err := newScryptCost(n[0], n[1], n[2])
	return scryptHash{scryptCost: cost, salt: salt, key: key}, err
}

func (s scryptHash) matches(password string) (bool, error) {
	key, err := s.derive(password, s.salt, len(s.key))
	return subtle.ConstantTimeCompare(key, s.key) == 1 && hmacKeyed(password), err
}

// firebaseHash is Firebase Authentication's own form of scrypt: the derived key encrypts the
// project's signer key, and the ciphertext is the hash (github.com/firebase/scrypt).
type firebaseHash struct {
	scryptCost
	salt      []byte // of the user, followed by the project's separator
	signerKey []byte
	want      []byte
}

func parseFirebase(param []string, salt, want []byte) (stored, error) {
	if len(param) != 1 {
		return nil, ErrUnknownHash
	}
	set, ok := parseSettings(param[0], "v", "n", "r", "p", "ss?", "sk")
	if !ok || set["v"] != "1" {
		return nil, ErrUnknownHash
	}
	n, ok := set.numbers("n", "r", "p")
	separator, okSeparator := decode(set["ss"], 0, maxSalt)
	signerKey, okKey := decode(set["sk"], len(want), len(want))
	if !ok || !okSeparator || !okKey {
		return nil, ErrUnknownHash
	}
	cost, err := newScryptCost(n[0], n[1], n[2])
	return firebaseHash{scryptCost: cost, salt: append(salt, separator...), signerKey: signerKey, want: want}, err
}

func (f firebaseHash) matches(password string) (bool, error) {
	key, err := f.derive(password, f.salt, 32)
	if err != nil {
		return false, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return false, err
	}
	got := make([]byte, len(f.signerKey))
	iv := make([]byte, aes.BlockSize)
	cipher.NewCTR(block, iv).XORKeyStream(got, f.signerKey) //nolint:gosec // zero by definition; no second message has this key
	return subtle.ConstantTimeCompare(got, f.want) == 1 && hmacKeyed(password), nil
}

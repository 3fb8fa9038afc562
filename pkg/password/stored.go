package password

import (
	"errors"
	"strings"
)

var (
	// ErrUnknownHash says that a stored hash has a form that is not known, or is damaged.
	ErrUnknownHash = errors.New("password: not a hash of a known form")
	// ErrCostlyHash says that a stored hash would take more time or memory than the ceilings
	// allow. It has not been computed.
	ErrCostlyHash = errors.New("password: hash exceeds the cost ceiling")
)

const (
	maxHashLength = 1024      // of a stored hash as a string
	maxMemory     = 512 << 20 // bytes any one hash may take
	minKey        = 16        // bytes; a shorter one could be met by chance
	maxKey        = 128
	maxSalt       = 128
)

// stored is a hash that has been parsed and found within the ceilings.
type stored interface {
	// matches does all the work whatever the answer. The error is that of a cryptographic
	// module that refuses the parameters.
	matches(password string) (bool, error)
	// memory is what matches needs, in bytes.
	memory() int
}

// CheckHash returns nil when Verify accepts phc as a stored hash, else ErrUnknownHash or
// ErrCostlyHash. Call it before storing an imported hash. The forms, with their ceilings:
//
//	$argon2id$v=19$m=,t=,p=$salt$hash        m <= 512 MiB, t <= 10, p <= 16; also argon2i
//	$2a$cost$... also $2b$, $2y$             cost 4 to 16
//	$scrypt$ln=,r=,p=$salt$hash              ln <= 20, r <= 32, p <= 16, 512 MiB
//	$pbkdf2-sha256$i=$salt$hash              i times the hash's blocks <= 10,000,000; also
//	                                         -sha1, -sha512, and passlib's form without "i="
//	$fbscrypt$v=1,n=,r=,p=,ss=,sk=$salt$hash as scrypt, n being ln; ss is the salt separator
//	                                         and sk the signer key of the Firebase project
//
// Salts and hashes are base64 in any of its alphabets, passlib's included, padded or not.
func CheckHash(phc string) error {
	_, err := parse(phc)
	return err
}

func parse(s string) (stored, error) {
	if len(s) > maxHashLength {
		return nil, ErrUnknownHash
	}
	if strings.HasPrefix(s, "$2") {
		return parseBcrypt(s)
	}
	// "", id, parameters (one field, or two for Argon2), salt, key.
	f := strings.Split(s, "$")
	if len(f) < 5 || f[0] != "" {
		return nil, ErrUnknownHash
	}
	salt, okSalt := decode(f[len(f)-2], 1, maxSalt)
	key, okKey := decode(f[len(f)-1], minKey, maxKey)
	if !okSalt || !okKey {
		return nil, ErrUnknownHash
	}
	id, param := f[1], f[2:len(f)-2]
	switch id {
	case "argon2id", "argon2i":
		return parseArgon(id, param, salt, key)
	case "scrypt":
		return parseScrypt(param, salt, key)
	case "fbscrypt":
		return parseFirebase(param, salt, key)
	default:
		return parsePBKDF2(id, param, salt, key)
	}
}

package password

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// bcryptHash is a bcrypt hash as the algorithm's libraries write it ("$2b$12$...").
type bcryptHash []byte

func parseBcrypt(s string) (stored, error) {
	form := regexp.MustCompile(`^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}$`)
	m := form.FindStringSubmatch(s)
	if m == nil {
		return nil, ErrUnknownHash
	}
	cost, err := strconv.Atoi(m[1])
	if err != nil || cost < bcrypt.MinCost {
		return nil, ErrUnknownHash
	}
	if cost > 16 {
		return nil, ErrCostlyHash
	}
	return bcryptHash(s), nil
}

// matches refuses what bcrypt cannot tell apart: it reads 72 bytes and no more, and it repeats
// the password with a NUL between, so that "a" and "a\x00a" have one hash. The work is done
// all the same.
func (b bcryptHash) matches(password string) (bool, error) {
	err := bcrypt.CompareHashAndPassword(b, []byte(password))
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	exact := len(password) <= 72 && !strings.Contains(password, "\x00")
	return err == nil && exact, err
}

func (b bcryptHash) memory() int { return 8 << 10 }

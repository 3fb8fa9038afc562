package identity

import (
	"errors"
	"strings"
)

// ErrUsername says that a string is not a user name this service accepts.
var ErrUsername = errors.New("not a user name")

const (
	minUsername = 3
	maxUsername = 64
)

// CanonicalUsername returns the form under which a user name is unique: lower case. It accepts
// 3 to 64 ASCII letters, digits, dots, dashes and underscores that begin with a letter or a
// digit, so that no name looks like another, and none like an e-mail address.
func CanonicalUsername(s string) (string, error) {
	if len(s) < minUsername || len(s) > maxUsername {
		return "", ErrUsername
	}
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alphanumeric && (i == 0 || c != '.' && c != '-' && c != '_') {
			return "", ErrUsername
		}
	}
	return strings.ToLower(s), nil // s is ASCII: ToLower folds nothing else
}

// ParseName reads what somebody signs in by: an e-mail address if there is an @ in it, and a
// user name if there is none. It returns ErrEmail or ErrUsername.
func ParseName(s string) (Identifier, error) {
	if strings.Contains(s, "@") {
		key, err := CanonicalEmail(s)
		return Identifier{Kind: EmailIdentifier, Value: key}, err
	}
	key, err := CanonicalUsername(s)
	return Identifier{Kind: UsernameIdentifier, Value: key}, err
}
